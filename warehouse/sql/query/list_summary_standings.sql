-- Where each unit stands in $period on the indicators whose target binds it by itself, for the summary.
SELECT a.indicator, a.unit, coalesce(nullif(u.name, ''), a.unit) AS unit_name, a.actual, a.attainment_pct, a.progress_pct, a.light, a.note
FROM mart.attainment a
JOIN cycle c ON c.period = a.period
LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = a.unit
WHERE a.period = $period AND a.scope = 'unit'
ORDER BY a.indicator, u.sort, a.unit
