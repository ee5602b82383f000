-- Which file the standing figure of each unit and item of $period came from
SELECT unit, item, arg_max(submission_id, revision) AS submission_id, arg_max(received_at, revision) AS received_at
FROM observation
WHERE period = $period
GROUP BY unit, item
