-- Temp table attain_quarter: every quarter up to $period with figures known at $as_of, and the stored roll-up that was made
-- from exactly these figures (version NULL: to be computed). is_present: nothing of the quarter is known otherwise today.
CREATE OR REPLACE TEMP TABLE attain_quarter AS
WITH figure AS (
    SELECT period, recorded_at <= $as_of AS is_known,
           hash(unit, item, revision, value, numerator, denominator, state, status) AS h
    FROM main.observation
    WHERE period <= $period
),
quarter AS (
    SELECT period, count(*) FILTER (is_known) = count(*) AS is_unchanged,
           concat_ws('-', count(*) FILTER (is_known), bit_xor(h) FILTER (is_known), sum(h) FILTER (is_known)) AS fingerprint
    FROM figure GROUP BY period HAVING count(*) FILTER (is_known) > 0
)
SELECT q.period, left(q.period, 4)::INTEGER * 4 + CASE WHEN right(q.period, 2) = 'A1' THEN 4 ELSE right(q.period, 1)::INTEGER END - 1 AS t,
       q.fingerprint, r.version, r.digest,
       q.is_unchanged AND $plan_hash = (SELECT arg_max(plan_hash, (recorded_at, rowid)) FROM main.register_event) AS is_present
FROM quarter q
LEFT JOIN derived.rollup r
    ON r.period = q.period AND r.fingerprint = q.fingerprint AND r.plan_hash = $plan_hash AND r.formula_hash = $formula_hash
