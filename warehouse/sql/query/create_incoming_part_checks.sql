-- Temp table incoming_part: each file with its plan (NULL: no open cycle) and city, in parts of about $rows_at_once rows
CREATE OR REPLACE TEMP TABLE incoming_part AS
WITH cycle_plan AS (
    SELECT period, arg_max(plan_hash, opened_at) AS plan_hash FROM cycle GROUP BY period
),
filed AS (
    SELECT s.submission_id, c.plan_hash, coalesce(u.city, p.city) AS city, count(r.submission_id) AS rows,
        -- Rows of a file that is held, in the wrong folder or for no open cycle are not judged one by one.
        coalesce(c.plan_hash IS NOT NULL AND s.held_reason IS NULL AND s.unit <> ''
            AND coalesce(s.name_unit, s.unit) = s.unit AND coalesce(s.code_unit, s.unit) = s.unit, false) AS is_judged
    FROM incoming_submission AS s
    LEFT JOIN cycle_plan AS c ON c.period = s.period
    LEFT JOIN plan AS p ON p.plan_hash = c.plan_hash
    LEFT JOIN unit AS u ON u.plan_hash = c.plan_hash AND u.unit = s.unit
    LEFT JOIN incoming_row AS r ON r.submission_id = s.submission_id
    GROUP BY ALL
)
SELECT submission_id, plan_hash, city, is_judged,
    CAST((sum(rows) OVER (ORDER BY city NULLS FIRST, submission_id) - rows) // $rows_at_once AS INTEGER) AS part
FROM filed
