-- Appends a revision for every accepted row that differs from the figure before it (of this batch or of the past).
INSERT INTO observation (unit, item, period, revision, value, numerator, denominator, state, status, remark, evidence,
                         submission_id, sheet, cell, recorded_at, received_at, reason, had_error_first)
WITH incoming AS (
    SELECT s.unit, r.item, s.period, s.ordinal + 1 AS ordinal, r.row, r.value, r.numerator, r.denominator, r.state,
           CASE WHEN r.is_nil THEN 'nil' ELSE 'reported' END AS status, r.remark, r.evidence,
           r.submission_id, r.sheet, r.value_cell AS cell, s.received_at
    FROM incoming_row r
    JOIN batch_submission s ON s.submission_id = r.submission_id
    JOIN obligation o ON o.period = s.period AND o.unit = s.unit AND o.item = r.item
        AND (o.item_kind = 'indicator') = (r.item_kind = 'indicator')
    ANTI JOIN batch_rejected x ON x.submission_id = r.submission_id AND x.sheet = r.sheet AND x.row = r.row
    WHERE r.is_nil OR r.value IS NOT NULL OR r.state IS NOT NULL
),
standing AS (
    SELECT o.unit, o.item, o.period, max(o.revision) AS revision,
           arg_max({'value': o.value, 'numerator': o.numerator, 'denominator': o.denominator, 'state': o.state,
                    'status': o.status, 'remark': o.remark, 'evidence': o.evidence}, o.revision) AS figure
    FROM observation o
    SEMI JOIN incoming i ON i.unit = o.unit AND i.item = o.item AND i.period = o.period
    GROUP BY ALL
),
chain AS (
    SELECT unit, item, period, 0 AS ordinal, 0 AS row, figure, NULL AS submission_id, NULL AS sheet, NULL AS cell,
           NULL::TIMESTAMPTZ AS received_at
    FROM standing
    UNION ALL
    SELECT unit, item, period, ordinal, row,
           {'value': value, 'numerator': numerator, 'denominator': denominator, 'state': state, 'status': status,
            'remark': nullif(remark, ''), 'evidence': nullif(evidence, '')},
           submission_id, sheet, cell, received_at
    FROM incoming
),
changed AS (
    SELECT * FROM chain
    QUALIFY ordinal > 0 AND figure IS DISTINCT FROM lag(figure) OVER (PARTITION BY unit, item, period ORDER BY ordinal, row)
)
SELECT c.unit, c.item, c.period,
       coalesce(s.revision, 0) + row_number() OVER (PARTITION BY c.unit, c.item, c.period ORDER BY c.ordinal, c.row),
       c.figure.value, c.figure.numerator, c.figure.denominator, c.figure.state, c.figure.status, c.figure.remark, c.figure.evidence,
       c.submission_id, c.sheet, c.cell, $recorded_at, c.received_at,
       -- A change to a quarter that was followed by another is a restatement, with the clerk's own reason where given.
       CASE WHEN s.revision IS NULL AND row_number() OVER (PARTITION BY c.unit, c.item, c.period ORDER BY c.ordinal, c.row) = 1 THEN '首报'
            WHEN c.period < (SELECT max(period) FROM cycle WHERE opened_at <= $recorded_at)
            THEN '重述：' || coalesce(c.figure.remark, '更正')
            ELSE '更正' END,
       EXISTS (FROM finding f WHERE f.unit = c.unit AND f.period = c.period AND f.severity = 'error' AND (len(f.items) = 0 OR list_contains(f.items, c.item)))
FROM changed c
LEFT JOIN standing s USING (unit, item, period)
