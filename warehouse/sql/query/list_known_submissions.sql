-- Submissions among $ids that were received before, with their latest status and the entries they came as.
SELECT s.submission_id, s.receipt_no, s.unit, s.period, s.received_at, s.file_name,
       (SELECT arg_max(v.status, v.sequence) FROM verdict v WHERE v.submission_id = s.submission_id) AS status,
       (SELECT list(DISTINCT a.entry) FROM arrival a WHERE a.submission_id = s.submission_id) AS entries
FROM submission s
WHERE s.submission_id IN (SELECT unnest($ids::VARCHAR[]))
