-- The errors of each unit's latest submission for $period, quoted in reminders.
SELECT f.unit, f.sheet, f.cell, f.value, f.message
FROM mart.finding f
JOIN (SELECT unit, arg_max(submission_id, received_at) AS submission_id FROM submission WHERE period = $period GROUP BY unit) s
    USING (submission_id)
WHERE f.severity = 'error'
ORDER BY f.unit, f.sheet, f.cell
