-- Queued mails whose waiting time is over at $now, in the order they (re-)entered the queue: a mail that
-- broke the channel went to the back and cannot block those behind it.
SELECT mail_id
FROM (SELECT mail_id, arg_max({'state': state, 'not_before': not_before}, sequence) AS last, max(sequence) AS place
      FROM mail_event GROUP BY mail_id)
WHERE last.state = 'queued' AND (last.not_before IS NULL OR last.not_before <= $now)
ORDER BY place
LIMIT $limit
