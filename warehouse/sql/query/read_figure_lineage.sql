-- The standing figure of $indicator in $period for $unit ('' for the city's), with definition and target as the register had them then.
WITH figure AS (
    SELECT a.*, (SELECT arg_max(e.plan_hash, e.recorded_at) FROM register_event e WHERE e.recorded_at <= a.as_of) AS plan_hash
    FROM mart.attainment a WHERE a.period = $period AND a.indicator = $indicator
)
SELECT f.* , i.name, i.clause, i.measure, i.unit_label, i.definition, i.accumulation, i.direction, i.scope AS binds, i.rollup, i.reports_drop,
       p.city, p.city_name, p.end_period, coalesce(u.name, CASE WHEN f.unit = p.city THEN p.city_name ELSE f.unit END) AS unit_name,
       coalesce(o.wording, d.wording) AS wording, coalesce(o.strict, d.strict) AS strict, coalesce(o.aspirational, d.aspirational) AS aspirational,
       coalesce(o.baseline_period, d.baseline_period) AS baseline_period,
       (SELECT max(e.recorded_at) FROM register_event e WHERE e.recorded_at <= f.as_of) AS register_since,
       (SELECT arg_max(e.reason, e.recorded_at) FROM register_event e WHERE e.recorded_at <= f.as_of) AS register_reason
FROM figure f
JOIN indicator i ON i.plan_hash = f.plan_hash AND i.indicator = f.indicator
JOIN plan p ON p.plan_hash = f.plan_hash
LEFT JOIN unit u ON u.plan_hash = f.plan_hash AND u.unit = f.unit
LEFT JOIN target o ON o.plan_hash = f.plan_hash AND o.indicator = f.indicator AND o.unit = f.unit AND o.scope = f.scope
LEFT JOIN target d ON d.plan_hash = f.plan_hash AND d.indicator = f.indicator AND d.unit = p.city AND d.scope = 'city'
WHERE (f.unit = $unit OR ($unit = '' AND f.scope = 'city'))
-- A unit that is also the city has both; the city's own figure comes first.
ORDER BY f.scope, f.unit = p.city DESC, f.unit LIMIT 1
