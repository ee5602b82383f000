-- The newest rows of the audit log, oldest first, of one period or of all.
FROM (
    FROM audit WHERE $period IS NULL OR period = $period
    ORDER BY sequence DESC LIMIT $limit
) ORDER BY sequence
