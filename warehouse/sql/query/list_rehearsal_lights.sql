-- The assessment of every target of $period as known at known_at.
SELECT indicator, unit, scope, light, actual, attainment_pct
FROM mart.attainment
WHERE period = $period
ORDER BY indicator, scope, unit
