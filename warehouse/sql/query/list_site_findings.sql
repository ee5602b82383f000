-- Findings of $period for the data-quality page, by unit.
SELECT f.severity, f.sheet, f.cell, f.value, f.message, f.unit, u.name AS unit_name
FROM mart.finding f
JOIN cycle c ON c.period = f.period
LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = f.unit
WHERE f.period = $period
ORDER BY u.sort, f.severity, f.sheet, f.cell
