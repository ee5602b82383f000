-- Those of the mails $mail_ids that are still queued and due at $now, with the attempts counted so far.
SELECT m.mail_id, m.kind, m.recipient, m.unit, m.period, m.subject, m.message_id, m.eml, m.letter_file, m.letter_at, m.letter_size, m.letter_sha256, m.on_unsure, e.last.attempts AS attempts
FROM (SELECT mail_id, arg_max({'state': state, 'attempts': attempts, 'not_before': not_before}, sequence) AS last
      FROM mail_event WHERE mail_id IN (SELECT unnest($mail_ids::VARCHAR[])) GROUP BY mail_id) e
JOIN mail m USING (mail_id)
WHERE e.last.state = 'queued' AND (e.last.not_before IS NULL OR e.last.not_before <= $now)
