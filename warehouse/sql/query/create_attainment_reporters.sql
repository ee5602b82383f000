-- Temp table attain_reporter: which series a figure of this reporter goes into: the city's and, where it has one, its own.
CREATE OR REPLACE TEMP TABLE attain_reporter AS
WITH numbered AS (
    SELECT *, (row_number() OVER (ORDER BY unit, indicator))::INTEGER AS reporter FROM reporter WHERE plan_hash = $plan_hash
)
SELECT r.indicator, r.unit, i.measure, c.series AS city_series, o.series AS unit_series, r.reporter
FROM numbered r
JOIN indicator i ON i.plan_hash = r.plan_hash AND i.indicator = r.indicator
JOIN unit u ON u.plan_hash = r.plan_hash AND u.unit = r.unit
JOIN attain_target c ON c.scope = 'city' AND c.indicator = r.indicator AND c.unit = u.city
LEFT JOIN attain_target o ON o.scope = 'unit' AND o.indicator = r.indicator AND o.unit = r.unit
