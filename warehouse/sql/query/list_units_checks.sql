-- Per unit of $period: files received (also those of that time that named no period), what is held against them now,
-- and figures that stand but must be corrected
WITH opened AS (
    SELECT period, opened_at, lead(opened_at) OVER (ORDER BY opened_at) AS next_at FROM cycle
),
mine AS (
    SELECT s.submission_id, s.unit
    FROM opened o
    JOIN submission s ON s.period = o.period
        OR (s.period IS NULL AND s.received_at >= o.opened_at AND (o.next_at IS NULL OR s.received_at < o.next_at))
    WHERE o.period = $period
),
filed AS (
    SELECT unit, count(*) AS files FROM mine GROUP BY unit
),
found AS (
    SELECT f.unit, count(*) FILTER (f.severity = 'error') AS errors, count(*) FILTER (f.severity = 'warning') AS warnings,
           count(*) FILTER (f.severity = 'info') AS infos
    FROM mart.finding f SEMI JOIN mine USING (submission_id) GROUP BY f.unit
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
