-- The latest assessment of every target of $period.
SELECT indicator, unit, scope, light, actual, attainment_pct
FROM attainment
WHERE period = $period AND as_of = (SELECT max(as_of) FROM attainment WHERE period = $period)
ORDER BY indicator, scope, unit
