-- What units said about figures of $period that drew a warning.
SELECT o.unit, u.name AS unit_name, i.name, o.remark
FROM observation o
JOIN cycle c ON c.period = o.period
JOIN indicator i ON i.plan_hash = c.plan_hash AND i.indicator = o.item
JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = o.unit
SEMI JOIN mart.finding f ON f.submission_id = o.submission_id AND list_contains(f.items, o.item) AND f.severity = 'warning'
WHERE o.period = $period AND o.remark IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY o.unit, o.item ORDER BY o.revision DESC) = 1
ORDER BY u.sort, i.sort
