-- The last entry of the journal files that this warehouse holds.
SELECT sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1
