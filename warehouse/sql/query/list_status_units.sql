-- Per unit of $period: what it owes, what was accepted, whether in time, and its latest submission.
WITH owed AS (
    SELECT o.unit, count(*) AS expected, count(b.item) AS accepted,
           bool_and(b.item IS NOT NULL AND b.received_at <= d.due_at) AS is_timely, any_value(d.due_at) AS due_at
    FROM obligation o
    JOIN mart.deadline d ON d.period = o.period AND d.unit = o.unit
    LEFT JOIN (
        -- What was withdrawn does not count, nor does what came before it.
        SELECT unit, item, period, min(received_at) AS received_at FROM (
            FROM observation
            QUALIFY revision > coalesce(max(revision) FILTER (status = 'missing') OVER (PARTITION BY unit, item, period), 0)
        ) GROUP BY ALL
    ) b
        ON b.unit = o.unit AND b.item = o.item AND b.period = o.period
    WHERE o.period = $period AND o.is_owed
    GROUP BY o.unit
)
SELECT u.unit, u.name, o.expected, o.accepted, o.is_timely, o.due_at
FROM owed o
JOIN cycle c ON c.period = $period
JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = o.unit
ORDER BY u.sort
