-- Figures that $submissions brought and that count now, with names, last quarter's labels and the figure and published light each
-- replaced (the light of the unit's city); was_owed: an obligation that nothing stood for before.
WITH brought AS MATERIALIZED (
    FROM observation WHERE submission_id IN (SELECT unnest($submissions::VARCHAR[]))
    QUALIFY revision > coalesce(max(revision) FILTER (status = 'missing') OVER (PARTITION BY submission_id, unit, item, period), 0)
),
previous AS (
    SELECT b.* FROM observation b SEMI JOIN brought o ON o.unit = b.unit AND o.item = b.item AND o.period = b.period
),
published AS (
    SELECT period, indicator, unit, light FROM mart.attainment
    WHERE scope = 'city' AND period IN (SELECT period FROM brought)
),
owed AS (
    SELECT DISTINCT unit, item, period FROM obligation WHERE is_owed AND period IN (SELECT period FROM brought)
)
SELECT o.submission_id, o.item, coalesce(i.name, a.name) AS name, o.cell, o.value, coalesce(i.unit_label, '') AS unit_label, o.state,
       o.status = 'nil' AS is_nil, b.value AS previous_value, b.state AS previous_state, coalesce(b.status = 'nil', false) AS previous_is_nil,
       i.indicator IS NOT NULL AS is_indicator, coalesce(o.reason, '') AS reason,
       t.light AS published_light,
       w.item IS NOT NULL AND coalesce(b.status, 'missing') = 'missing' AS was_owed
FROM brought o
JOIN cycle c ON c.period = o.period
JOIN plan p ON p.plan_hash = c.plan_hash
LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = o.unit
LEFT JOIN indicator i ON i.plan_hash = c.plan_hash AND i.indicator = o.item
LEFT JOIN action a ON a.plan_hash = c.plan_hash AND a.action = o.item
LEFT JOIN previous b ON b.unit = o.unit AND b.item = o.item AND b.period = o.period AND b.revision = o.revision - 1
LEFT JOIN owed w ON w.unit = o.unit AND w.item = o.item AND w.period = o.period
LEFT JOIN published t ON t.period = o.period AND t.indicator = o.item AND t.unit = coalesce(nullif(u.city, ''), p.city)
ORDER BY o.submission_id, coalesce(i.sort, 100000 + a.sort), o.revision
