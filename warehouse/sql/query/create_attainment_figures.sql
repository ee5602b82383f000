-- Temp table attain_figure: the latest revision known at $as_of of every reporter's figure, in the quarters without a stored roll-up.
CREATE OR REPLACE TEMP TABLE attain_figure AS
WITH known AS (
    SELECT o.*, q.t FROM main.observation o
    JOIN attain_quarter q ON q.period = o.period AND q.version IS NULL
    WHERE o.recorded_at <= $as_of
),
corrected AS (
    -- Few figures were ever revised: only these need a search for the last one.
    SELECT unit, item, period, max(revision) AS revision
    FROM known
    WHERE revision > 1
    GROUP BY ALL
)
SELECT r.city_series, r.unit_series, r.reporter, o.t, o.status, o.state,
       -- A confirmed nil return is a value where things are counted or summed; a percentage of nothing is not.
       CASE WHEN o.value IS NULL AND o.status = 'nil' AND r.measure IN ('amount', 'count') THEN 0
            WHEN o.value IS NULL AND r.measure = 'percent' AND o.denominator <> 0 THEN 100 * o.numerator / o.denominator
            ELSE o.value END AS value,
       CASE WHEN o.status = 'nil' THEN coalesce(o.numerator, 0) ELSE o.numerator END AS numerator,
       CASE WHEN o.status = 'nil' THEN coalesce(o.denominator, 0) ELSE o.denominator END AS denominator
FROM known o
JOIN attain_reporter r ON r.indicator = o.item AND r.unit = o.unit
LEFT JOIN corrected c ON c.unit = o.unit AND c.item = o.item AND c.period = o.period
WHERE o.revision = coalesce(c.revision, 1)
