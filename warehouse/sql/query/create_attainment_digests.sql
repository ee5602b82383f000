-- Temp table attain_digest: one digest a quarter over everything an assessment reads of it; the same whatever the order of rows.
CREATE OR REPLACE TEMP TABLE attain_digest AS
WITH part AS (
    SELECT t, figures, mix, total FROM attain_fresh WHERE figures > 0
    UNION ALL
    SELECT q.t, v.figures, v.mix, v.total
    FROM attain_quarter q
    JOIN derived.rollup_value v ON v.version = q.former_version
    ANTI JOIN attain_target t ON t.series = v.series
    WHERE v.figures > 0
),
added AS (SELECT t, concat_ws('-', sum(figures), bit_xor(mix), sum(total)) AS digest FROM part GROUP BY t)
SELECT q.t, q.period, q.version, q.former_version, q.fingerprint, q.is_present, coalesce(q.digest, a.digest, '0') AS digest
FROM attain_quarter q
LEFT JOIN added a ON a.t = q.t
