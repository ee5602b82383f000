-- Copies of files already received for $period.
SELECT a.unit, a.file_name, s.receipt_no, a.seen_at
FROM arrival a JOIN submission s USING (submission_id)
WHERE a.is_copy AND s.period = $period
ORDER BY a.seen_at, a.unit, a.file_name
