-- Temp table attain_quarter: every quarter up to $period with figures known at $as_of, and the stored roll-up that was made
-- from exactly these figures (version NULL: to be computed). is_present: nothing of the quarter is known otherwise today.
-- former_version: without one, the stored roll-up of what was known at $since, which lacks only what was noted since.
CREATE OR REPLACE TEMP TABLE attain_quarter AS
WITH figure AS (
    SELECT period, recorded_at <= $as_of AS is_known, recorded_at <= $since::TIMESTAMPTZ AS was_known,
           hash(unit, item, revision, value, numerator, denominator, state, status) AS h
    FROM main.observation
    WHERE period <= $period
),
quarter AS (
    SELECT period, count(*) FILTER (is_known) = count(*) AS is_unchanged,
           concat_ws('-', count(*) FILTER (is_known), bit_xor(h) FILTER (is_known), sum(h) FILTER (is_known)) AS fingerprint,
           concat_ws('-', count(*) FILTER (was_known), bit_xor(h) FILTER (was_known), sum(h) FILTER (was_known)) AS former_fingerprint
    FROM figure GROUP BY period HAVING count(*) FILTER (is_known) > 0
),
kept AS (FROM derived.rollup WHERE plan_hash = $plan_hash AND formula_hash = $formula_hash)
SELECT q.period, left(q.period, 4)::INTEGER * 4 + CASE WHEN right(q.period, 2) = 'A1' THEN 4 ELSE right(q.period, 1)::INTEGER END - 1 AS t,
       q.fingerprint, q.former_fingerprint, r.version, r.digest, CASE WHEN r.version IS NULL THEN f.version END AS former_version,
       q.is_unchanged AND $plan_hash = (SELECT arg_max(plan_hash, (recorded_at, rowid)) FROM main.register_event) AS is_present
FROM quarter q
LEFT JOIN kept r ON r.period = q.period AND r.fingerprint = q.fingerprint
LEFT JOIN kept f ON f.period = q.period AND f.fingerprint = q.former_fingerprint
