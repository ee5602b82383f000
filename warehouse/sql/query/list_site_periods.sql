-- Every assessed period, newest first: its moments, its reporting as a whole, the plan's score; for the site (create_site_rates).
WITH rate AS (
    SELECT period, sum(expected)::BIGINT AS expected, sum(accepted)::BIGINT AS accepted, sum(timely)::BIGINT AS timely,
           100 * sum(accepted) / nullif(sum(expected), 0) AS completeness_pct,
           100 * sum(timely) / nullif(sum(expected), 0) AS timeliness_pct,
           100 * sum(accepted * quality_pct / 100) / nullif(sum(accepted), 0) AS quality_pct
    FROM site_rate GROUP BY period
)
SELECT c.period, c.due_at, c.grace_until, a.as_of, p.published_at, s.score_pct, s.scored, s.domains,
       r.expected, r.accepted, r.timely, r.completeness_pct, r.timeliness_pct, r.quality_pct
FROM cycle c
JOIN (SELECT period, max(as_of) AS as_of FROM mart.attainment GROUP BY period) a USING (period)
LEFT JOIN (SELECT period, max(published_at) AS published_at FROM publication GROUP BY period) p USING (period)
LEFT JOIN mart.plan_score s USING (period)
LEFT JOIN rate r USING (period)
ORDER BY c.period DESC
