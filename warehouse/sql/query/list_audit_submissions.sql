-- The files $ids as the audit log names them, with their present status (NULL before the first verdict).
SELECT s.submission_id, s.receipt_no, s.unit, s.period, s.file_name, s.sha256, s.received_at,
       (SELECT arg_max(v.status, v.sequence) FROM verdict v WHERE v.submission_id = s.submission_id) AS status
FROM submission s
WHERE s.submission_id IN (SELECT unnest($ids::VARCHAR[]))
