-- Each unit's standing in $period: obligations, latest file and its findings, whether late at $as_of.
WITH file AS (
    SELECT s.unit, arg_max(s.submission_id, s.received_at) AS submission_id, max(s.received_at) AS received_at
    FROM submission s WHERE s.period = $period GROUP BY s.unit
)
SELECT u.unit, u.name, r.expected, r.accepted, f.received_at,
       (SELECT arg_max(v.status, v.sequence) FROM verdict v WHERE v.submission_id = f.submission_id) AS status,
       (SELECT count(*) FROM mart.finding x WHERE x.submission_id = f.submission_id) AS finding_count,
       $as_of > d.due_at AND coalesce(r.timely, 0) < r.expected AS is_late
FROM mart.reporting_rate r
JOIN cycle c ON c.period = r.period
JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = r.unit
JOIN mart.deadline d ON d.period = r.period AND d.unit = r.unit
LEFT JOIN file f ON f.unit = u.unit
WHERE r.period = $period
ORDER BY u.sort
