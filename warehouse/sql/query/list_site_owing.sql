-- Which unit still owes which indicator of which assessed period, for the site.
SELECT o.indicator, o.period, o.unit, coalesce(u.name, o.unit) AS unit_name
FROM mart.observation o
SEMI JOIN mart.attainment a ON a.period = o.period
LEFT JOIN unit u ON u.plan_hash = $plan_hash AND u.unit = o.unit
WHERE o.status = 'missing'
ORDER BY o.indicator, o.period, u.sort, o.unit
