-- Every standing figure of every assessed period, of the city and of each unit, for the site.
SELECT a.* EXCLUDE (input_hash, as_of), coalesce(u.name, a.unit) AS unit_name
FROM mart.attainment a
LEFT JOIN unit u ON u.plan_hash = $plan_hash AND u.unit = a.unit
ORDER BY a.indicator, a.period, a.scope, u.sort, a.unit
