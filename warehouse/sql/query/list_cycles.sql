-- Every cycle ever opened, oldest first.
SELECT period, opened_at, due_at, grace_until FROM cycle ORDER BY period
