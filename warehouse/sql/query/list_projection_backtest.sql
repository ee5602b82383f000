-- How far projections missed what came, by indicator and horizon in quarters (flows: full-year equivalents).
SELECT j.indicator, j.unit, j.scope, j.t_to - j.origin // 100000 AS horizon, count(*) AS projections,
       median(abs(j.projected - s.y)) AS median_error,
       median(100 * abs(j.projected - s.y) / nullif(abs(s.y), 0)) AS median_error_pct,
       count(*) FILTER (s.y BETWEEN j.projected_low AND j.projected_high) AS within_interval
FROM projection j
JOIN (SELECT DISTINCT indicator, unit, scope, t, y FROM projection_point
      UNION SELECT s.indicator, s.unit, s.scope, s.t, CASE WHEN t.is_flow THEN s.value / h.share ELSE s.value END
      FROM attain_series s JOIN attain_target t USING (indicator, unit, scope)
      LEFT JOIN attain_share h ON h.indicator = s.indicator AND h.unit = s.unit AND h.scope = s.scope AND h.quarter = s.t % 4
      WHERE s.value IS NOT NULL AND s.is_complete) s
    ON s.indicator = j.indicator AND s.unit = j.unit AND s.scope = j.scope AND s.t = j.t_to
GROUP BY ALL
ORDER BY j.scope, j.indicator, j.unit, horizon
