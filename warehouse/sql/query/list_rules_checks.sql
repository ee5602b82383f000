-- How each rule fared in the runs that concern $period (as list_runs_checks has them), and in all runs ever
WITH opened AS (
    SELECT period, opened_at, lead(opened_at) OVER (ORDER BY opened_at) AS next_at FROM cycle
),
mine AS (
    SELECT DISTINCT v.run_id FROM verdict v JOIN submission s USING (submission_id) WHERE s.period = $period AND v.status <> 'superseded'
    UNION
    SELECT run_id FROM run WHERE period = $period
    UNION
    SELECT r.run_id FROM run r JOIN run_end e USING (run_id) JOIN opened o ON o.period = $period
    WHERE r.period IS NULL AND e.outcome = 'failed' AND r.started_at >= o.opened_at
        AND (o.next_at IS NULL OR r.started_at < o.next_at)
)
SELECT c.rule, count(m.run_id) AS runs,
       coalesce(sum(c.rows_checked) FILTER (m.run_id IS NOT NULL), 0) AS rows_checked,
       coalesce(sum(c.rows_failed) FILTER (m.run_id IS NOT NULL), 0) AS rows_failed,
       coalesce(sum(c.seconds) FILTER (m.run_id IS NOT NULL), 0) AS seconds,
       count(*) FILTER (m.run_id IS NOT NULL AND c.state = 'not_checked') AS not_checked,
       coalesce(arg_max(c.engine, c.recorded_at) FILTER (m.run_id IS NOT NULL), '') AS engine,
       sum(c.rows_checked) AS ever_checked, sum(c.rows_failed) AS ever_failed
FROM check_run c
LEFT JOIN mine m USING (run_id)
GROUP BY c.rule
