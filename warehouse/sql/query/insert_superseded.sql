-- An accepted submission none of whose figures stands any more has been superseded by later ones.
INSERT INTO verdict (submission_id, recorded_at, status, reason, run_id, sequence)
WITH touched AS (SELECT DISTINCT unit, period FROM batch_submission),
current_revision AS (
    SELECT o.unit, o.item, o.period, arg_max(o.submission_id, o.revision) AS submission_id
    FROM observation o SEMI JOIN touched t ON t.unit = o.unit AND t.period = o.period
    GROUP BY ALL
),
latest AS (SELECT submission_id, arg_max(status, sequence) AS status FROM verdict GROUP BY submission_id)
SELECT b.submission_id, $recorded_at, 'superseded', '后报材料已更新全部数据', $run_id,
       (SELECT max(sequence) FROM verdict) + row_number() OVER (ORDER BY b.submission_id)
FROM (SELECT DISTINCT o.submission_id FROM observation o
      SEMI JOIN touched t ON t.unit = o.unit AND t.period = o.period) b
JOIN latest l ON l.submission_id = b.submission_id AND l.status IN ('accepted', 'accepted_with_warnings')
ANTI JOIN current_revision c ON c.submission_id = b.submission_id
