-- The number of the next decision.
SELECT coalesce(max(sequence), 0) + 1 AS sequence FROM decision
