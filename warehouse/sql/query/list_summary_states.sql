-- How many reporters of each milestone say what in $period, by city; in the order of the states, those without a word last.
WITH told AS (
    SELECT o.indicator, coalesce(nullif(u.city, ''), p.city) AS unit,
           coalesce(o.state, CASE o.status WHEN 'nil' THEN '零报告' END) AS state
    FROM mart.observation o
    JOIN cycle c ON c.period = o.period
    JOIN plan p ON p.plan_hash = c.plan_hash
    JOIN indicator i ON i.plan_hash = c.plan_hash AND i.indicator = o.indicator AND i.measure = 'state'
    LEFT JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = o.unit
    WHERE o.period = $period
)
SELECT indicator, unit, state, count(*) AS reporters FROM told
GROUP BY indicator, unit, state
ORDER BY indicator, unit, coalesce(list_position(['已完成', '推进中', '未启动', '零报告'], state), 9)
