-- Temp table attain_figure: the latest revision known at $as_of of every reporter's figure up to $period.
CREATE OR REPLACE TEMP TABLE attain_figure AS
WITH corrected AS (
    -- Few figures were ever revised: only these need a search for the last one.
    SELECT unit, item, period, max(revision) AS revision
    FROM observation
    WHERE revision > 1 AND recorded_at <= $as_of AND period <= $period
    GROUP BY ALL
)
SELECT r.city_series, r.unit_series, r.reporter,
       left(o.period, 4)::INTEGER * 4 + CASE WHEN right(o.period, 2) = 'A1' THEN 4 ELSE right(o.period, 1)::INTEGER END - 1 AS t,
       o.status,
       o.state,
       -- A confirmed nil return is a value where things are counted or summed; a percentage of nothing is not.
       CASE WHEN o.value IS NULL AND o.status = 'nil' AND r.measure IN ('amount', 'count') THEN 0
            WHEN o.value IS NULL AND r.measure = 'percent' AND o.denominator <> 0 THEN 100 * o.numerator / o.denominator
            ELSE o.value END AS value,
       CASE WHEN o.status = 'nil' THEN coalesce(o.numerator, 0) ELSE o.numerator END AS numerator,
       CASE WHEN o.status = 'nil' THEN coalesce(o.denominator, 0) ELSE o.denominator END AS denominator
FROM observation o
JOIN attain_reporter r ON r.indicator = o.item AND r.unit = o.unit
LEFT JOIN corrected c ON c.unit = o.unit AND c.item = o.item AND c.period = o.period
WHERE o.recorded_at <= $as_of AND o.period <= $period AND o.revision = coalesce(c.revision, 1)
