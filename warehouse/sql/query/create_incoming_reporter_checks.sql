-- Temp table incoming_reporter: for each indicator, city and period that the batch brings a figure of, everybody who reports it,
-- with what is known of them: this batch's figure (the newer word), else the accepted one. The batch as a whole and before its parts:
-- a city's units are compared with each other wherever it is cut.
CREATE OR REPLACE TEMP TABLE incoming_reporter AS
WITH figure AS (
    SELECT x.plan_hash, x.city, s.period, s.unit, r.item, s.received_at, r.submission_id, r.sheet, r.row, r.value,
        CASE WHEN r.numerator_state = 'number' THEN r.numerator END AS numerator,
        CASE WHEN r.denominator_state = 'number' THEN r.denominator END AS denominator
    FROM incoming_row AS r
    JOIN incoming_part AS x ON x.submission_id = r.submission_id AND x.is_judged
    JOIN incoming_submission AS s ON s.submission_id = r.submission_id
    JOIN indicator AS i ON i.plan_hash = x.plan_hash AND i.indicator = r.item AND i.measure <> 'state'
    WHERE r.value_state = 'number' AND r.value IS NOT NULL
),
newest AS (
    SELECT item, period, unit,
        unnest(arg_max({'value': value, 'numerator': numerator, 'denominator': denominator, 'submission_id': submission_id},
            (received_at, submission_id, sheet, row)))
    FROM figure
    GROUP BY item, period, unit
),
asked AS (
    SELECT i.plan_hash, i.indicator, i.name, i.unit_label, i.rollup, i.scope, j.period, u.city, r.unit, u.kind = 'county' AS is_county
    FROM (SELECT DISTINCT plan_hash, item, period, city FROM figure) AS j
    JOIN indicator AS i ON i.plan_hash = j.plan_hash AND i.indicator = j.item
    JOIN unit AS u ON u.plan_hash = i.plan_hash AND u.city = j.city
    JOIN reporter AS r ON r.plan_hash = i.plan_hash AND r.indicator = i.indicator AND r.unit = u.unit
),
-- What a file costs must not grow with what other cities and periods hold.
accepted AS (
    SELECT unit, item, period, revision, status, value, numerator, denominator, submission_id, sheet, cell
    FROM observation AS o
    SEMI JOIN asked AS a ON a.unit = o.unit AND a.indicator = o.item AND a.period = o.period
),
-- A withdrawn (NULL) value stays withdrawn.
standing AS (
    SELECT * FROM accepted QUALIFY row_number() OVER (PARTITION BY unit, item, period ORDER BY revision DESC) = 1
)
SELECT a.*, n.unit IS NOT NULL AS is_new,
    CASE WHEN n.unit IS NOT NULL THEN n.value ELSE k.value END AS value,
    CASE WHEN n.unit IS NOT NULL THEN n.numerator ELSE k.numerator END AS numerator,
    CASE WHEN n.unit IS NOT NULL THEN n.denominator ELSE k.denominator END AS denominator,
    coalesce(n.submission_id, k.submission_id) AS submission_id, k.sheet, k.cell
FROM asked AS a
LEFT JOIN newest AS n ON n.item = a.indicator AND n.period = a.period AND n.unit = a.unit
LEFT JOIN standing AS k ON k.item = a.indicator AND k.period = a.period AND k.unit = a.unit AND k.status = 'reported'
