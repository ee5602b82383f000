-- Each unit's reporting of every period: rates, ranks, deadline, its latest file, whether late at $as_of; for the site
-- (create_site_rates, create_site_ranks).
WITH file AS (
    SELECT unit, period, count(*) AS files, count(*) FILTER (status IN ('returned', 'quarantined')) AS sent_back,
           max(received_at) AS last_received_at, arg_max(status, (received_at, receipt_no)) AS last_status,
           arg_max(finding_count, (received_at, receipt_no)) AS last_findings
    FROM mart.submission WHERE period IS NOT NULL GROUP BY unit, period
)
SELECT r.period, r.unit, coalesce(u.name, r.unit) AS name, r.expected, r.accepted, r.timely, r.completeness_pct, r.timeliness_pct,
       r.quality_pct, r.rank, k.attainment_pct, k.figures, k.attainment_rank, d.due_at, d.is_extended,
       coalesce(f.files, 0) AS files, coalesce(f.sent_back, 0) AS sent_back, f.last_received_at, coalesce(f.last_status, '') AS last_status,
       coalesce(f.last_findings, 0) AS last_findings, $as_of > d.due_at AND r.timely < r.expected AS is_late
FROM site_rate r
LEFT JOIN site_rank k USING (period, unit)
LEFT JOIN mart.deadline d USING (period, unit)
LEFT JOIN file f USING (period, unit)
LEFT JOIN unit u ON u.plan_hash = $plan_hash AND u.unit = r.unit
ORDER BY r.period, r.rank NULLS LAST, u.sort, r.unit
