-- Files of $period to judge again: every one with a standing figure and each unit's last readable one; never what a person decided
WITH word AS (
    SELECT v.submission_id, arg_max(v.status, v.sequence) AS status, arg_max(v.reason, v.sequence) AS reason,
           -- A person's verdict has no run; plain arg_max would pass over its NULL to the flow before it.
           arg_max_null(r.flow, v.sequence) FILTER (v.status <> 'superseded') AS flow
    FROM verdict v
    LEFT JOIN run r USING (run_id)
    GROUP BY v.submission_id
),
standing AS (
    SELECT arg_max(submission_id, revision) AS submission_id FROM observation WHERE period = $period GROUP BY unit, item
)
SELECT s.*, w.status, w.reason
FROM submission s
JOIN word w USING (submission_id)
WHERE s.period = $period AND w.status IN ('accepted', 'accepted_with_warnings', 'returned', 'received') AND w.flow IN ('collect', 'recheck')
QUALIFY row_number() OVER (PARTITION BY s.unit ORDER BY s.received_at DESC, s.submission_id DESC) = 1
    OR s.submission_id IN (SELECT submission_id FROM standing)
ORDER BY s.received_at, s.submission_id
