-- Every file that was kept in the archive, with its latest status.
SELECT s.submission_id, s.unit, s.receipt_no, s.sha256, s.file_name, s.size_bytes, s.file_kind,
       arg_max(v.status, v.sequence) AS status
FROM submission s
JOIN verdict v USING (submission_id)
GROUP BY ALL
HAVING status <> 'quarantined'
ORDER BY s.submission_id
