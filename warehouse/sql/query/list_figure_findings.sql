-- Findings about $indicator in the files $submissions.
SELECT submission_id, severity, rule, sheet, cell, value, message
FROM mart.finding
WHERE list_contains($submissions::VARCHAR[], submission_id) AND (indicator = $indicator OR list_contains(items, $indicator))
ORDER BY submission_id, severity, rule, cell
