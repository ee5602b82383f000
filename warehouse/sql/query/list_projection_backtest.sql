-- How far projections missed what came, by indicator and horizon in quarters (flows: full-year equivalents).
SELECT g.indicator, g.unit, g.scope, j.t_to - j.origin // 100000 AS horizon, count(*) AS projections,
       median(abs(j.projected - s.y)) AS median_error,
       median(100 * abs(j.projected - s.y) / nullif(abs(s.y), 0)) AS median_error_pct,
       count(*) FILTER (s.y BETWEEN j.projected_low AND j.projected_high) AS within_interval
FROM projection j
JOIN attain_target g ON g.series = j.series
JOIN (SELECT DISTINCT series, t, y FROM projection_point
      UNION SELECT s.series, s.t, CASE WHEN t.is_flow THEN s.value / h.share ELSE s.value END
      FROM attain_series s JOIN attain_target t USING (series)
      LEFT JOIN attain_share h ON h.series = s.series AND h.quarter = s.t % 4
      WHERE s.value IS NOT NULL AND s.is_complete) s
    ON s.series = j.series AND s.t = j.t_to
GROUP BY ALL
ORDER BY g.scope, g.indicator, g.unit, horizon
