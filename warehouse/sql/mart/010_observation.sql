-- Current figures of every indicator obligation, their history, and the progress of actions and safeguards.
-- The connection's variable known_at, where set, makes every mart view show what was known at that instant.
CREATE OR REPLACE VIEW mart.observation AS
WITH latest AS (
    FROM main.observation
    WHERE recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ
    QUALIFY row_number() OVER (PARTITION BY unit, item, period ORDER BY revision DESC) = 1
)
SELECT o.unit, o.item AS indicator, o.period, l.value, l.numerator, l.denominator,
       CASE WHEN l.status = 'nil' THEN 'nil' WHEN l.value IS NULL AND l.state IS NULL AND l.numerator IS NULL THEN 'missing'
            ELSE 'reported' END AS status,
       l.revision, l.submission_id, l.cell, l.recorded_at AS accepted_at, l.state, l.remark, l.sheet, l.received_at
FROM main.obligation o
LEFT JOIN latest l ON l.unit = o.unit AND l.item = o.item AND l.period = o.period
WHERE o.item_kind = 'indicator' AND (o.is_owed OR l.revision IS NOT NULL);

CREATE OR REPLACE VIEW mart.observation_history AS
SELECT b.unit, b.item AS indicator, b.period, b.value, b.numerator, b.denominator, b.status, b.revision, b.submission_id, b.cell,
       b.recorded_at AS accepted_at, b.recorded_at AS valid_from,
       lead(b.recorded_at) OVER (PARTITION BY b.unit, b.item, b.period ORDER BY b.revision) AS valid_to,
       b.reason, b.state, b.remark, b.sheet, b.received_at
FROM main.observation b
SEMI JOIN main.obligation o ON o.period = b.period AND o.unit = b.unit AND o.item = b.item AND o.item_kind = 'indicator'
WHERE b.recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ;

CREATE OR REPLACE VIEW mart.progress AS
WITH latest AS (
    FROM main.observation
    WHERE recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ
    QUALIFY row_number() OVER (PARTITION BY unit, item, period ORDER BY revision DESC) = 1
)
SELECT o.unit, o.item, o.item_kind, o.role, o.is_owed, o.period, l.state,
       CASE WHEN l.status = 'nil' THEN 'nil' WHEN l.state IS NULL THEN 'missing' ELSE 'reported' END AS status,
       l.remark, l.evidence, l.revision, l.submission_id, l.sheet, l.cell, l.recorded_at AS accepted_at
FROM main.obligation o
LEFT JOIN latest l ON l.unit = o.unit AND l.item = o.item AND l.period = o.period
WHERE o.item_kind <> 'indicator' AND (o.is_owed OR l.revision IS NOT NULL);
