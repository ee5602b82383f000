-- How each rule fared in the runs that judged files of $period, and in all runs ever
WITH mine AS (
    SELECT DISTINCT v.run_id FROM verdict v JOIN submission s USING (submission_id) WHERE s.period = $period AND v.status <> 'superseded'
    UNION
    SELECT run_id FROM run WHERE period = $period
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
