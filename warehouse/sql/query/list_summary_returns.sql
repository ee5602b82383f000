-- Files of $period that the coordinator sent back, counted by reason, as known at the connection's instant.
SELECT reason_code, count(*) AS files, count(DISTINCT unit) AS units
FROM main.decision
WHERE period = $period AND kind = 'return_submission'
  AND recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ
GROUP BY reason_code ORDER BY files DESC, reason_code
