-- How far projections missed what came, by indicator and horizon in quarters (flows: full-year equivalents).
-- Rounded as the projections that are published: a straight line's interval is as narrow as the noise of doubles.
WITH came AS (
    SELECT s.series, s.t, CASE WHEN t.is_flow THEN s.value / h.share ELSE s.value END AS y
    FROM attain_series s
    JOIN attain_target t USING (series)
    LEFT JOIN attain_share h ON h.series = s.series AND h.quarter = s.t % 4
    WHERE s.value IS NOT NULL AND s.is_complete
)
SELECT g.indicator, g.unit, g.scope, j.t_to - j.origin AS horizon, count(*) AS projections,
       median(abs(j.projected - c.y)) AS median_error,
       median(100 * abs(j.projected - c.y) / nullif(abs(c.y), 0)) AS median_error_pct,
       count(*) FILTER (round(c.y, 9) BETWEEN round(j.projected_low, 9) AND round(j.projected_high, 9)) AS within_interval
FROM projection j
JOIN attain_target g ON g.series = j.series
JOIN came c ON c.series = j.series AND c.t = j.t_to
GROUP BY ALL
ORDER BY g.scope, g.indicator, g.unit, horizon
