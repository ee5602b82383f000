-- Units and indicators that the figures of $period name, by the register of that quarter: today's may know them no longer, and
-- a city that reports nothing itself is no unit.
WITH told AS (
    SELECT indicator, unit FROM mart.attainment WHERE period = $period
    UNION
    SELECT indicator, unit FROM mart.observation WHERE period = $period
)
SELECT DISTINCT 'CL_UNIT' AS codelist, t.unit AS code, coalesce(u.name, t.unit) AS name
FROM told t
JOIN cycle c ON c.period = $period
LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = t.unit
UNION ALL
SELECT DISTINCT 'CL_INDICATOR', t.indicator, coalesce(i.name, t.indicator)
FROM told t
JOIN cycle c ON c.period = $period
LEFT JOIN indicator i ON i.plan_hash = c.plan_hash AND i.indicator = t.indicator
ORDER BY codelist, code
