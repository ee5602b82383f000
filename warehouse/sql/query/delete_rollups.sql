-- Forgets every stored roll-up: the next assessment adds up all quarters again.
DELETE FROM derived.rollup
