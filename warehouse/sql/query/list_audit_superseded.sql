-- Files that the run $run_id found replaced by later ones.
SELECT s.submission_id, s.receipt_no, s.unit, s.period, v.reason
FROM verdict v
JOIN submission s USING (submission_id)
WHERE v.run_id = $run_id AND v.status = 'superseded'
ORDER BY v.sequence
