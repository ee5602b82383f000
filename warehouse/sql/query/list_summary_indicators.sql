-- Attainment of $period for the summary: the rows of the city, or of each where a plan spans several, with names and last quarter.
SELECT a.* EXCLUDE (period, as_of), i.name, i.domain, d.name AS domain_name, i.unit_label, i.accumulation, i.direction, i.sort,
       t.wording, t.aspirational, u.name AS unit_name, p.light AS previous_light, p.actual AS previous_actual
FROM mart.attainment a
JOIN cycle c ON c.period = a.period
JOIN indicator i ON i.plan_hash = c.plan_hash AND i.indicator = a.indicator
LEFT JOIN target t ON t.plan_hash = c.plan_hash AND t.indicator = a.indicator AND t.unit = a.unit
LEFT JOIN domain d ON d.plan_hash = c.plan_hash AND d.domain = i.domain
LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = a.unit
LEFT JOIN mart.attainment p ON p.period = $previous AND p.indicator = a.indicator AND p.unit = a.unit AND p.scope = a.scope
WHERE a.period = $period AND a.scope = 'city'
ORDER BY i.sort, u.sort
