-- What is held now against each cell of files for $period (and of files of that time that named no period)
WITH opened AS (
    SELECT period, plan_hash, opened_at, lead(opened_at) OVER (ORDER BY opened_at) AS next_at FROM cycle
)
SELECT f.unit, coalesce(u.name, f.unit) AS unit_name, f.severity, f.rule, coalesce(f.sheet, '') AS sheet, coalesce(f.cell, '') AS cell,
       coalesce(i.name, a.name, '') AS item_name, coalesce(f.value, '') AS value, f.message, s.receipt_no, s.file_name, s.received_at,
       s.status, f.run_id
FROM opened o
JOIN mart.submission s ON s.period = o.period
    OR (s.period IS NULL AND s.received_at >= o.opened_at AND (o.next_at IS NULL OR s.received_at < o.next_at))
JOIN mart.finding f ON f.submission_id = s.submission_id
LEFT JOIN unit u ON u.plan_hash = o.plan_hash AND u.unit = f.unit
LEFT JOIN indicator i ON i.plan_hash = o.plan_hash AND i.indicator = f.indicator
LEFT JOIN action a ON a.plan_hash = o.plan_hash AND a.action = f.indicator
WHERE o.period = $period
ORDER BY u.sort NULLS LAST, f.unit, s.received_at, s.receipt_no,
    CASE f.severity WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, f.sheet, length(f.cell), f.cell, f.rule
