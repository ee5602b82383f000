-- Verdicts are ordered by an own counter: one run may append several at the same instant.
SELECT coalesce(max(sequence), 0) + 1 AS sequence FROM verdict
