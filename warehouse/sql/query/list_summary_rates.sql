-- Reporting rates of $period by unit, with names, best first.
SELECT r.*, u.name, k.timeliness_rank, k.completeness_rank, k.quality_rank, k.attainment_pct, k.attainment_rank, k.rank AS overall_rank
FROM mart.reporting_rate r
JOIN cycle c ON c.period = r.period
LEFT JOIN mart.unit_rank k ON k.period = r.period AND k.unit = r.unit
LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = r.unit
WHERE r.period = $period
ORDER BY r.rank NULLS LAST, u.sort
