-- Forgets the values of roll-ups that are kept no more.
DELETE FROM derived.rollup_value WHERE version NOT IN (SELECT version FROM derived.rollup)
