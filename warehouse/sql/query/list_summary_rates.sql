-- Reporting rates of $period by unit, with names and the deadline that holds for each, best first.
SELECT r.*, u.name, k.timeliness_rank, k.completeness_rank, k.quality_rank, k.attainment_pct, k.attainment_rank, k.rank AS overall_rank, d.due_at
FROM mart.reporting_rate r
JOIN cycle c ON c.period = r.period
JOIN mart.deadline d ON d.period = r.period AND d.unit = r.unit
LEFT JOIN mart.unit_rank k ON k.period = r.period AND k.unit = r.unit
LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = r.unit
WHERE r.period = $period
ORDER BY r.rank NULLS LAST, u.sort
