-- One cycle, or nothing when it was never opened.
SELECT period, opened_at, due_at, grace_until, plan_hash, config_hash FROM cycle WHERE period = $period
