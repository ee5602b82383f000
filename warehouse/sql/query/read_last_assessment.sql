-- The latest assessment of $period known at $as_of, and whether it is the one stored last (only upon that one a next can build).
SELECT a.as_of, a.sequence, a.base, a.figures, a.input_hash, a.basis, a.known,
       a.sequence = (SELECT max(sequence) FROM main.assessment WHERE period = $period) AS is_newest
FROM known.assessment a
WHERE a.period = $period AND a.as_of <= $as_of
ORDER BY a.as_of DESC
LIMIT 1
