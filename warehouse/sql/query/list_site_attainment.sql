-- Every standing figure of the city in every assessed period, and of each unit in $latest, for the site.
SELECT a.* EXCLUDE (input_hash, as_of), coalesce(u.name, a.unit) AS unit_name
FROM mart.attainment a
LEFT JOIN unit u ON u.plan_hash = $plan_hash AND u.unit = a.unit
WHERE a.scope = 'city' OR a.period = $latest
ORDER BY a.indicator, a.period, a.scope, u.sort, a.unit
