-- The last row of the audit log.
SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1
