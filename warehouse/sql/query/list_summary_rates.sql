-- Reporting rates of $period by unit, with names, best first.
SELECT r.*, u.name
FROM mart.reporting_rate r
JOIN cycle c ON c.period = r.period
LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = r.unit
WHERE r.period = $period
ORDER BY r.rank NULLS LAST, u.sort
