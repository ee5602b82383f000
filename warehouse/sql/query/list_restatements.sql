-- Figures of published quarters up to $period that are other now than when last published, with the reason and who changed them.
WITH last AS (
    SELECT period, max(sequence) AS sequence, arg_max(as_of, sequence) AS as_of FROM publication WHERE period <= $period GROUP BY period
),
old AS (SELECT f.*, l.as_of FROM last l JOIN published_figure f USING (period, sequence)),
pair AS (
    SELECT o.period, o.indicator, o.unit, o.scope, o.as_of, n.as_of AS new_as_of, o.actual AS old_value, n.actual AS new_value,
           o.attainment_pct AS old_attainment_pct, n.attainment_pct AS new_attainment_pct,
           o.progress_pct AS old_progress_pct, n.progress_pct AS new_progress_pct, o.light AS old_light, n.light AS new_light,
           o.projected_2020 AS old_projected_2020, n.projected_2020 AS new_projected_2020,
           (o.baseline, o.target_low, o.target_high, o.target_kind) IS DISTINCT FROM (n.baseline, n.target_low, n.target_high, n.target_kind) AS is_target_revised
    FROM old o
    LEFT JOIN mart.attainment n USING (period, indicator, unit, scope)
),
changed AS (
    -- Rounded: figures published before results were rounded are no other because of the noise in them.
    SELECT *, list_filter([
               CASE WHEN round(old_value, 9) IS DISTINCT FROM round(new_value, 9) THEN 'actual' END,
               CASE WHEN round(old_attainment_pct, 9) IS DISTINCT FROM round(new_attainment_pct, 9) THEN 'attainment_pct' END,
               CASE WHEN round(old_progress_pct, 9) IS DISTINCT FROM round(new_progress_pct, 9) THEN 'progress_pct' END,
               CASE WHEN old_light IS DISTINCT FROM new_light THEN 'light' END,
               CASE WHEN round(old_projected_2020, 9) IS DISTINCT FROM round(new_projected_2020, 9) THEN 'projected_2020' END
           ], lambda c: c IS NOT NULL) AS changed
    FROM pair
),
revised AS (
    SELECT c.period, c.indicator, c.unit, c.scope,
           string_agg(DISTINCT u.name || '：' || CASE WHEN o.period <> c.period THEN o.period || ' ' ELSE '' END || o.reason, '；' ORDER BY u.name || '：' || CASE WHEN o.period <> c.period THEN o.period || ' ' ELSE '' END || o.reason) AS reasons,
           list(DISTINCT o.submission_id ORDER BY o.submission_id) AS submissions
    FROM changed c
    JOIN observation o ON o.item = c.indicator AND o.recorded_at > c.as_of
        AND (o.period = c.period OR (o.period < c.period AND NOT list_contains(c.changed, 'actual')))
    JOIN cycle y ON y.period = c.period
    JOIN unit u ON u.plan_hash = y.plan_hash AND u.unit = o.unit AND (u.unit = c.unit OR (c.scope = 'city' AND u.city = c.unit))
    WHERE len(c.changed) > 0
    GROUP BY ALL
)
SELECT c.* EXCLUDE (as_of, new_as_of), i.name, i.unit_label, coalesce(u.name, CASE WHEN c.unit = p.city THEN p.city_name ELSE c.unit END) AS unit_name,
       coalesce(nullif(concat_ws('；', r.reasons, CASE WHEN c.is_target_revised THEN
           '目标或基期修订：' || (SELECT arg_max(e.reason, e.recorded_at) FROM register_event e WHERE e.recorded_at <= c.new_as_of) END), ''), '重新测算') AS reason,
       coalesce(r.submissions, []) AS submissions
FROM changed c
JOIN cycle y ON y.period = c.period
JOIN plan p ON p.plan_hash = y.plan_hash
JOIN indicator i ON i.plan_hash = y.plan_hash AND i.indicator = c.indicator
LEFT JOIN unit u ON u.plan_hash = y.plan_hash AND u.unit = c.unit
LEFT JOIN revised r ON r.period = c.period AND r.indicator = c.indicator AND r.unit = c.unit AND r.scope = c.scope
WHERE len(c.changed) > 0
ORDER BY c.period, i.sort, c.scope, u.sort
