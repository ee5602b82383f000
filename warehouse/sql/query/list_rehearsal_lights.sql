-- The assessment of every target of $period as known at $as_of.
SELECT indicator, unit, scope, light, actual, attainment_pct
FROM attainment
WHERE period = $period AND as_of = (SELECT max(as_of) FROM attainment WHERE period = $period AND as_of <= $as_of)
ORDER BY indicator, scope, unit
