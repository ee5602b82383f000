-- Value and expected progress of every city indicator in each reported period up to $period, for the charts.
SELECT indicator, unit, period, actual, progress_pct, expected_pct, light
FROM mart.attainment
WHERE scope = 'city' AND period <= $period
ORDER BY indicator, unit, period
