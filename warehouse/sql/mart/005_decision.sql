-- What the coordinator decided, and the deadline that holds for each unit.
CREATE OR REPLACE VIEW mart.decision AS
SELECT period, unit, kind, actor, reason, reason_code, payload, recorded_at FROM main.decision;

CREATE OR REPLACE VIEW mart.deadline AS
WITH extended AS (
    SELECT period, unit, arg_max(json_extract_string(payload, '$.until'), sequence)::TIMESTAMPTZ AS due_at
    FROM main.decision WHERE kind = 'extend' GROUP BY ALL
)
SELECT c.period, o.unit, coalesce(e.due_at, c.due_at) AS due_at, e.due_at IS NOT NULL AS is_extended
FROM main.cycle c
JOIN (SELECT DISTINCT period, unit FROM main.obligation) o ON o.period = c.period
LEFT JOIN extended e ON e.period = c.period AND e.unit = o.unit;
