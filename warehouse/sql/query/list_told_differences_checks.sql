-- What was already said about files of $submissions before this run: told once is told
SELECT DISTINCT submission_id, rule, message
FROM finding
WHERE submission_id IN (SELECT unnest($submissions::VARCHAR[])) AND run_id <> $run_id
