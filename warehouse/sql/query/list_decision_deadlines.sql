-- Units of $period with a deadline of their own; of several extensions the last counts.
SELECT unit, arg_max(json_extract_string(payload, '$.until'), sequence)::TIMESTAMPTZ AS due_at
FROM decision WHERE kind = 'extend' AND period = $period
GROUP BY unit
