-- Temp table attain_digest: one digest a quarter over everything an assessment reads of it; the same whatever the order of rows.
CREATE OR REPLACE TEMP TABLE attain_digest AS
WITH fresh AS (
    SELECT t, concat_ws('-', count(*), bit_xor(h), sum(h)) AS digest
    FROM (SELECT t, hash(reporter, status, state, value, numerator, denominator) AS h FROM attain_figure)
    GROUP BY t
)
SELECT q.t, q.period, q.version, q.fingerprint, q.is_present, coalesce(q.digest, f.digest, '0') AS digest
FROM attain_quarter q
LEFT JOIN fresh f ON f.t = q.t
