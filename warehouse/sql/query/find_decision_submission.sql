-- The submission with $receipt_no and its latest status.
SELECT s.*, (SELECT arg_max(v.status, v.sequence) FROM verdict v WHERE v.submission_id = s.submission_id) AS status
FROM submission s WHERE s.receipt_no = $receipt_no
ORDER BY s.received_at DESC
