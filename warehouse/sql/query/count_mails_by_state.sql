-- How many mails stand in each state.
SELECT state, count(*) AS mails
FROM (SELECT arg_max(state, sequence) AS state FROM mail_event GROUP BY mail_id)
GROUP BY state ORDER BY state
