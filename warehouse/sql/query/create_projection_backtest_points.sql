-- Temp table projection_point for a backtest: figures known at each past quarter, to be read off at each later one.
CREATE OR REPLACE TEMP TABLE projection_point AS
WITH point AS (
    SELECT s.series, s.t, CASE WHEN t.is_flow THEN s.value / h.share ELSE s.value END AS y
    FROM attain_series s
    JOIN attain_target t USING (series)
    LEFT JOIN attain_share h ON h.series = s.series AND h.quarter = s.t % 4
    WHERE s.value IS NOT NULL AND s.is_complete AND t.target_kind NOT IN ('milestone', 'unspecified')
)
SELECT p.series, o.t * 100000 + e.t AS origin, e.t AS t_to, p.t, p.y
FROM point p
JOIN point o ON o.series = p.series AND p.t <= o.t
JOIN point e ON e.series = p.series AND e.t > o.t
