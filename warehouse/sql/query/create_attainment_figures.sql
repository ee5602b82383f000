-- Temp table attain_figure: the latest revision known at $as_of of every reporter's figure up to $period.
CREATE OR REPLACE TEMP TABLE attain_figure AS
WITH latest AS (
    -- One struct, so that a NULL of the last revision (withdrawn) does not bring back the value before it.
    SELECT o.unit, o.item AS indicator, o.period,
           arg_max({'value': o.value, 'numerator': o.numerator, 'denominator': o.denominator, 'state': o.state,
                    'status': o.status}, o.revision) AS figure
    FROM observation o
    SEMI JOIN reporter r ON r.plan_hash = $plan_hash AND r.indicator = o.item AND r.unit = o.unit
    WHERE o.recorded_at <= $as_of AND o.period <= $period
    GROUP BY ALL
)
SELECT l.indicator, l.unit, u.city, l.period,
       left(l.period, 4)::INTEGER * 4 + right(l.period, 1)::INTEGER - 1 AS t,
       l.figure.status AS status,
       l.figure.state AS state,
       -- A confirmed nil return is a value where things are counted or summed; a percentage of nothing is not.
       CASE WHEN l.figure.value IS NULL AND l.figure.status = 'nil' AND i.measure IN ('amount', 'count') THEN 0
            WHEN l.figure.value IS NULL AND i.measure = 'percent' AND l.figure.denominator <> 0
                THEN 100 * l.figure.numerator / l.figure.denominator
            ELSE l.figure.value END AS value,
       CASE WHEN l.figure.status = 'nil' THEN coalesce(l.figure.numerator, 0) ELSE l.figure.numerator END AS numerator,
       CASE WHEN l.figure.status = 'nil' THEN coalesce(l.figure.denominator, 0) ELSE l.figure.denominator END AS denominator
FROM latest l
JOIN indicator i ON i.plan_hash = $plan_hash AND i.indicator = l.indicator
JOIN unit u ON u.plan_hash = $plan_hash AND u.unit = l.unit
