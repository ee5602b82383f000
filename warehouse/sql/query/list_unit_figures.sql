-- Every obligation of $period by unit: the figure that counts, last quarter's ($previous), target and standing, whether still owed.
WITH latest AS (
    SELECT unit, item, period, arg_max(struct_pack(v := value, s := state, k := status, r := remark), revision) AS o
    FROM observation WHERE period IN ($period, $previous) GROUP BY ALL
)
SELECT o.unit, o.item, o.item_kind, o.role, o.is_owed, coalesce(i.name, a.name) AS name, coalesce(i.unit_label, '') AS unit_label,
       n.o.v AS value, n.o.s AS state, coalesce(n.o.k = 'nil', false) AS is_nil, n.o.r AS remark, n.o IS NOT NULL AS is_reported,
       p.o.v AS previous_value, p.o.s AS previous_state,
       t.wording, t.aspirational, m.light, m.attainment_pct, m.progress_pct, m.expected_pct, m.gap_pp, m.required_per_quarter, m.note,
       m.scope, e.light AS city_light
FROM obligation o
JOIN cycle c ON c.period = o.period
JOIN plan ON plan.plan_hash = c.plan_hash
LEFT JOIN indicator i ON i.plan_hash = c.plan_hash AND i.indicator = o.item AND o.item_kind = 'indicator'
LEFT JOIN action a ON a.plan_hash = c.plan_hash AND a.action = o.item AND o.item_kind <> 'indicator'
LEFT JOIN latest n ON n.unit = o.unit AND n.item = o.item AND n.period = $period
LEFT JOIN latest p ON p.unit = o.unit AND p.item = o.item AND p.period = $previous
LEFT JOIN mart.attainment m ON m.period = o.period AND m.indicator = o.item AND m.unit = o.unit AND m.scope = 'unit'
LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = o.unit
LEFT JOIN mart.attainment e ON e.period = o.period AND e.indicator = o.item AND e.scope = 'city' AND e.unit = coalesce(nullif(u.city, ''), plan.city)
LEFT JOIN target t ON t.plan_hash = c.plan_hash AND t.indicator = o.item AND t.unit = coalesce(m.unit, e.unit)
WHERE o.period = $period AND (o.is_owed OR n.o IS NOT NULL)
ORDER BY o.unit, coalesce(i.sort, 100000 + a.sort), o.item
