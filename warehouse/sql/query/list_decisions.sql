-- Decisions on $period (NULL: on every period), oldest first.
SELECT sequence, period, unit, kind, actor, reason, reason_code, payload, recorded_at
FROM decision
WHERE $period::VARCHAR IS NULL OR period = $period
ORDER BY sequence
