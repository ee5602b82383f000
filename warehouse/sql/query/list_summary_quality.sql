-- Findings of $period counted by rule and severity, most frequent first.
SELECT rule, severity, count(*) AS findings, count(DISTINCT unit) AS units
FROM mart.finding WHERE period = $period
GROUP BY ALL ORDER BY findings DESC, rule
