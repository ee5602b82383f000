-- Judging runs that concern $period, newest first: files, rules run, rules that could not be run, seconds
WITH opened AS (
    SELECT period, opened_at, lead(opened_at) OVER (ORDER BY opened_at) AS next_at FROM cycle
),
filed AS (
    SELECT v.run_id, count(DISTINCT v.submission_id) AS files
    FROM verdict v JOIN submission s USING (submission_id)
    WHERE s.period = $period AND v.status <> 'superseded'
    GROUP BY v.run_id
),
ruled AS (
    SELECT run_id, min(recorded_at) AS recorded_at, count(*) AS rules,
           count(*) FILTER (state = 'checked') AS checked, count(*) FILTER (state = 'not_checked') AS not_checked,
           sum(rows_failed) AS rows_failed, sum(seconds) AS seconds, max(engine) AS engine
    FROM check_run GROUP BY run_id
)
SELECT r.run_id, r.flow, r.trigger, coalesce(c.recorded_at, r.started_at) AS ran_at, e.outcome, coalesce(f.files, 0) AS files,
       coalesce(c.rules, 0) AS rules, coalesce(c.checked, 0) AS checked, coalesce(c.not_checked, 0) AS not_checked,
       coalesce(c.rows_failed, 0) AS rows_failed, c.seconds, coalesce(c.engine, '') AS engine
FROM run r
JOIN opened o ON o.period = $period
LEFT JOIN run_end e ON e.run_id = r.run_id
LEFT JOIN filed f ON f.run_id = r.run_id
LEFT JOIN ruled c ON c.run_id = r.run_id
WHERE r.flow IN ('collect', 'recheck')
    AND (f.files > 0 OR (r.period = $period AND (c.rules > 0 OR e.outcome = 'failed'))
        OR (r.period IS NULL AND f.files IS NULL AND e.outcome = 'failed' AND r.started_at >= o.opened_at
            AND (o.next_at IS NULL OR r.started_at < o.next_at)))
ORDER BY ran_at DESC, r.started_at DESC
