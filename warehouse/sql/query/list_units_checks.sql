-- Per unit of $period: files received, what is held against them now, and figures that stand but must be corrected
WITH filed AS (
    SELECT unit, count(*) AS files FROM submission WHERE period = $period GROUP BY unit
),
found AS (
    SELECT unit, count(*) FILTER (severity = 'error') AS errors, count(*) FILTER (severity = 'warning') AS warnings,
           count(*) FILTER (severity = 'info') AS infos
    FROM mart.finding WHERE period = $period GROUP BY unit
),
due AS (
    SELECT unit, count(DISTINCT item) AS corrections FROM mart.correction_due WHERE period = $period GROUP BY unit
)
SELECT u.unit, u.name, coalesce(f.files, 0) AS files, coalesce(x.errors, 0) AS errors, coalesce(x.warnings, 0) AS warnings,
       coalesce(x.infos, 0) AS infos, coalesce(d.corrections, 0) AS corrections
FROM cycle c
JOIN unit u ON u.plan_hash = c.plan_hash
LEFT JOIN filed f ON f.unit = u.unit
LEFT JOIN found x ON x.unit = u.unit
LEFT JOIN due d ON d.unit = u.unit
WHERE c.period = $period
ORDER BY u.sort
