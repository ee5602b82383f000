-- Figures that $submissions brought and that count now, with names, last quarter's labels and the figure and published light each replaced.
SELECT o.submission_id, o.item, coalesce(i.name, a.name) AS name, o.cell, o.value, coalesce(i.unit_label, '') AS unit_label, o.state,
       o.status = 'nil' AS is_nil, b.value AS previous_value, b.state AS previous_state, coalesce(b.status = 'nil', false) AS previous_is_nil,
       i.indicator IS NOT NULL AS is_indicator, o.reason,
       t.light AS published_light
FROM observation o
JOIN cycle c ON c.period = o.period
LEFT JOIN indicator i ON i.plan_hash = c.plan_hash AND i.indicator = o.item
LEFT JOIN action a ON a.plan_hash = c.plan_hash AND a.action = o.item
LEFT JOIN observation b ON b.unit = o.unit AND b.item = o.item AND b.period = o.period AND b.revision = o.revision - 1
LEFT JOIN (SELECT period, indicator, min(light) AS light FROM mart.attainment WHERE scope = 'city' GROUP BY ALL) t
    ON t.period = o.period AND t.indicator = o.item
WHERE o.submission_id IN (SELECT unnest($submissions::VARCHAR[]))
ORDER BY o.submission_id, coalesce(i.sort, 100000 + a.sort), o.revision
