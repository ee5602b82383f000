-- Per unit of $period: what it owes, what was accepted, whether in time, and its latest submission.
WITH owed AS (
    SELECT o.unit, count(*) AS expected, count(b.item) AS accepted,
           bool_and(b.item IS NOT NULL AND b.received_at <= c.due_at) AS is_timely
    FROM obligation o
    JOIN cycle c ON c.period = o.period
    LEFT JOIN (SELECT unit, item, period, min(received_at) AS received_at FROM observation GROUP BY ALL) b
        ON b.unit = o.unit AND b.item = o.item AND b.period = o.period
    WHERE o.period = $period AND o.is_owed
    GROUP BY o.unit
)
SELECT u.unit, u.name, o.expected, o.accepted, o.is_timely
FROM owed o
JOIN cycle c ON c.period = $period
JOIN unit u ON u.plan_hash = c.plan_hash AND u.unit = o.unit
ORDER BY u.sort
