-- The number of the next assessment of $period.
SELECT coalesce(max(sequence), 0) + 1 AS sequence FROM assessment WHERE period = $period
