-- What is presently held against each file, with the cell: after a recheck the findings of that run and later ones.
CREATE OR REPLACE VIEW mart.finding AS
WITH rechecked AS (
    SELECT v.submission_id, arg_max(v.run_id, v.sequence) AS run_id, arg_max(r.started_at, v.sequence) AS started_at
    FROM main.verdict v
    JOIN main.run r ON r.run_id = v.run_id AND r.flow = 'recheck'
    WHERE v.recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ
    GROUP BY v.submission_id
)
SELECT f.submission_id, f.unit, f.period, f.severity, f.rule, f.sheet, f.cell, f.indicator, f.value, f.message, f.items, f.run_id
FROM main.finding f
LEFT JOIN rechecked c USING (submission_id)
LEFT JOIN main.run r ON r.run_id = f.run_id
WHERE (c.run_id IS NULL OR f.run_id = c.run_id OR r.started_at > c.started_at)
    AND NOT EXISTS (FROM main.verdict v WHERE v.submission_id = f.submission_id AND v.run_id = f.run_id AND v.recorded_at > coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ);

-- Figures that stand although today's rules find an error in their row (after a recheck): the unit owes a correction.
CREATE OR REPLACE VIEW mart.correction_due AS
WITH standing AS (
    SELECT unit, item, period, arg_max(submission_id, revision) AS submission_id
    FROM main.observation GROUP BY ALL
)
SELECT s.unit, s.item, s.period, s.submission_id, f.rule, f.sheet, f.cell, f.value, f.message
FROM (SELECT *, unnest(items) AS item FROM mart.finding WHERE severity = 'error') f
JOIN standing s ON s.submission_id = f.submission_id AND s.item = f.item;
