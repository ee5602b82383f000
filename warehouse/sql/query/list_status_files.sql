-- Files of $period (and files that named no open period, while this is the latest one) with status and first reason.
SELECT s.unit, s.file_name, s.receipt_no, s.received_at, v.status, v.reason, s.submission_id
FROM submission s
JOIN (SELECT submission_id, arg_max(status, sequence) AS status, arg_max(reason, sequence) AS reason
      FROM verdict GROUP BY submission_id) v USING (submission_id)
WHERE s.period = $period OR (s.period IS NULL AND s.received_at >= (SELECT opened_at FROM cycle WHERE period = $period))
ORDER BY s.received_at, s.unit, s.file_name
