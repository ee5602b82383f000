-- Obligations of $period without a standing figure or nil return (a withdrawn one is owed again); $units empty means all.
SELECT o.unit, o.item, o.item_kind, coalesce(i.name, a.name) AS name, coalesce(i.unit_label, '') AS unit_label
FROM obligation o
JOIN cycle c ON c.period = o.period
LEFT JOIN indicator i ON i.plan_hash = c.plan_hash AND i.indicator = o.item AND o.item_kind = 'indicator'
LEFT JOIN action a ON a.plan_hash = c.plan_hash AND a.action = o.item AND o.item_kind <> 'indicator'
ANTI JOIN (
    SELECT unit, item FROM observation
    WHERE period = $period AND (len($units::VARCHAR[]) = 0 OR unit IN (SELECT unnest($units::VARCHAR[])))
    GROUP BY ALL HAVING arg_max(status, revision) <> 'missing'
) b ON b.unit = o.unit AND b.item = o.item
WHERE o.period = $period AND o.is_owed AND (len($units::VARCHAR[]) = 0 OR o.unit IN (SELECT unnest($units::VARCHAR[])))
ORDER BY o.unit, o.item_kind DESC, o.item
