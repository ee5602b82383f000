-- Temp table attain_reporter: which series a figure of this reporter goes into: the city's and, where it has one, its own.
CREATE OR REPLACE TEMP TABLE attain_reporter AS
-- Tables made in this transaction have no statistics yet: numbering after the first joins keeps the planner from pairing
-- every reporter with every city.
WITH numbered AS (
    SELECT r.indicator, r.unit, i.measure, u.city,
           (row_number() OVER (ORDER BY r.unit, r.indicator))::INTEGER AS reporter
    FROM reporter r
    JOIN indicator i ON i.plan_hash = r.plan_hash AND i.indicator = r.indicator
    JOIN unit u ON u.plan_hash = r.plan_hash AND u.unit = r.unit
    WHERE r.plan_hash = $plan_hash
)
SELECT r.indicator, r.unit, r.measure, c.series AS city_series, o.series AS unit_series, r.reporter
FROM numbered r
JOIN attain_target c ON c.scope = 'city' AND c.indicator = r.indicator AND c.unit = r.city
LEFT JOIN attain_target o ON o.scope = 'unit' AND o.indicator = r.indicator AND o.unit = r.unit
