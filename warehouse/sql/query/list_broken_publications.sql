-- Publications whose kept figures no longer give the digest noted when they went out.
SELECT p.period, p.sequence, p.published_at
FROM main.publication p
JOIN (
    SELECT a.period, a.sequence,
           md5(string_agg((a.indicator, a.unit, a.scope, a.baseline, a.target_kind, a.target_low, a.target_high, a.actual, a.coverage,
               a.attainment_pct, a.met, a.progress_pct, a.expected_pct, a.gap_pp, a.light, a.required_per_quarter, a.projected_2020,
               a.projected_low, a.projected_high, a.note)::VARCHAR, '|' ORDER BY a.indicator, a.scope, a.unit)) AS content_hash
    FROM main.published_figure a GROUP BY ALL
) f USING (period, sequence)
WHERE f.content_hash <> p.content_hash
ORDER BY p.period, p.sequence
