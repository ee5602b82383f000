-- Temp table attain_digest: one digest a quarter over everything an assessment reads of it; the same whatever the order of rows.
CREATE OR REPLACE TEMP TABLE attain_digest AS
SELECT q.t, q.period, q.version, q.fingerprint, q.is_present,
       coalesce(any_value(q.digest), concat_ws('-', count(f.reporter), bit_xor(f.h), sum(f.h))) AS digest
FROM attain_quarter q
LEFT JOIN (
    SELECT t, reporter, hash(reporter, t, status, state, value, numerator, denominator) AS h FROM attain_figure
) f ON f.t = q.t AND q.version IS NULL
GROUP BY q.t, q.period, q.version, q.fingerprint, q.is_present
