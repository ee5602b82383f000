-- The plan in force at $as_of: its hash, city and span; no row before the first register event.
SELECT e.plan_hash, p.city, p.start_period, p.end_period
FROM register_event e
JOIN plan p USING (plan_hash)
WHERE e.recorded_at <= $as_of
ORDER BY e.recorded_at DESC, e.rowid DESC
LIMIT 1
