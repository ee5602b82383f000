-- The last run of each flow and how it ended.
SELECT flow, arg_max(run_id, started_at) AS run_id, max(started_at) AS started_at,
       arg_max(coalesce(outcome, 'running'), started_at) AS outcome, arg_max(ended_at, started_at) AS ended_at
FROM mart.run
GROUP BY flow
ORDER BY flow
