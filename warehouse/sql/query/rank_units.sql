-- Units of $period ranked by every measure, best first, with names.
SELECT r.*, u.name
FROM mart.unit_rank r
JOIN cycle c ON c.period = r.period
LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = r.unit
WHERE r.period = $period
ORDER BY r.rank NULLS LAST, u.sort, r.unit
