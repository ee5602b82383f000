-- What is held against each unit's latest file of $period, errors first.
SELECT f.unit, f.severity, f.sheet, f.cell, f.value, f.message, f.indicator
FROM mart.finding f
JOIN (SELECT unit, arg_max(submission_id, (received_at, receipt_no)) AS submission_id FROM submission WHERE period = $period GROUP BY unit) s
    ON s.submission_id = f.submission_id
ORDER BY f.unit, f.severity, f.sheet, f.cell, f.message
