-- Mails whose fate is not known: taken for sending and never reported back, or lost after hand-over.
SELECT m.mail_id, m.on_unsure, e.last.state AS state, e.last.attempts AS attempts, e.last.at AS recorded_at
FROM (SELECT mail_id, arg_max({'state': state, 'attempts': attempts, 'at': recorded_at}, sequence) AS last, max(sequence) AS place
      FROM mail_event GROUP BY mail_id) e
JOIN mail m USING (mail_id)
WHERE e.last.state IN ('sending', 'unsure')
ORDER BY e.place
