-- Clears what was stored for $period under exactly $as_of, so that a corrected recomputation does not double it.
DELETE FROM attainment WHERE period = $period AND as_of = $as_of
