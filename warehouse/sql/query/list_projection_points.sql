-- Complete figures up to $origin of series still running then, by $unit where given; flows as their full-year equivalent.
SELECT s.series, s.t, CASE WHEN t.is_flow THEN s.value / h.share ELSE s.value END AS y, t.t_end AS t_to
FROM attain_series s
JOIN attain_target t USING (series)
LEFT JOIN attain_share h ON h.series = s.series AND h.quarter = s.t % 4
WHERE s.value IS NOT NULL AND s.is_complete AND s.t <= $origin AND t.t_end > $origin
    AND t.target_kind NOT IN ('milestone', 'unspecified')
    -- A per-unit target says nothing about the sum of units.
    AND NOT (t.scope = 'city' AND t.binds = 'unit' AND t.rollup IN ('single', 'sum') AND t.reporters > 1)
    AND ($unit IS NULL OR t.unit = $unit)
