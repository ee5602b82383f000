-- Which entries of the journal files this warehouse holds, in order.
SELECT sequence, kind, hash FROM journal ORDER BY sequence
