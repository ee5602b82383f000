-- Files of $period by unit, newest first, with the latest verdict and how many errors and questions each has.
WITH found AS (
    SELECT submission_id, count(*) FILTER (severity = 'error') AS errors, count(*) FILTER (severity = 'warning') AS warnings
    FROM mart.finding GROUP BY submission_id
)
SELECT s.unit, s.submission_id, s.file_name, s.receipt_no, timezone('UTC', s.received_at) AS received_at, s.status, s.reason, s.timely,
       coalesce(f.errors, 0) AS errors, coalesce(f.warnings, 0) AS warnings
FROM mart.submission s
LEFT JOIN found f USING (submission_id)
WHERE s.period = $period
ORDER BY s.unit, s.received_at DESC, s.receipt_no DESC
