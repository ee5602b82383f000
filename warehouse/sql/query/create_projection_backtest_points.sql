-- Temp table projection_point for a backtest: figures known at each past quarter, to be read off at each later one.
CREATE OR REPLACE TEMP TABLE projection_point AS
WITH point AS (
    SELECT s.indicator, s.unit, s.scope, s.t, CASE WHEN t.is_flow THEN s.value / h.share ELSE s.value END AS y
    FROM attain_series s
    JOIN attain_target t USING (indicator, unit, scope)
    LEFT JOIN attain_share h ON h.indicator = s.indicator AND h.unit = s.unit AND h.scope = s.scope AND h.quarter = s.t % 4
    WHERE s.value IS NOT NULL AND s.is_complete AND t.target_kind NOT IN ('milestone', 'unspecified')
)
SELECT p.indicator, p.unit, p.scope, o.t * 100000 + e.t AS origin, e.t AS t_to, p.t, p.y
FROM point p
JOIN point o ON o.indicator = p.indicator AND o.unit = p.unit AND o.scope = p.scope AND p.t <= o.t
JOIN point e ON e.indicator = p.indicator AND e.unit = p.unit AND e.scope = p.scope AND e.t > o.t
