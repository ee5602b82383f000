-- One digest of all figures of $period known at known_at, and the assessment's instant; no row before the first.
SELECT a.as_of, md5(string_agg((a.indicator, a.unit, a.scope, a.baseline, a.target_kind, a.target_low, a.target_high, a.actual, a.coverage,
           a.attainment_pct, a.met, a.progress_pct, a.expected_pct, a.gap_pp, a.light, a.required_per_quarter, a.projected_2020,
           a.projected_low, a.projected_high, a.note)::VARCHAR, '|' ORDER BY a.indicator, a.scope, a.unit)) AS content_hash
FROM mart.attainment a
WHERE a.period = $period
GROUP BY a.as_of
