-- Mails that need a person and for which no alert was queued yet: refused for good, or formal and of unknown fate.
-- An alert about a lost alert would never end; what a person gave up needs no telling ($by_person).
SELECT m.mail_id, m.kind, m.recipient, m.unit, m.period, m.subject, e.last.state AS state, e.last.error AS error, e.place
FROM (SELECT mail_id, arg_max({'state': state, 'error': error}, sequence) AS last, max(sequence) AS place
      FROM mail_event GROUP BY mail_id) e
JOIN mail m USING (mail_id)
WHERE m.kind <> 'alert'
  AND (e.last.state = 'failed' OR (e.last.state = 'unsure' AND m.on_unsure = 'hold'))
  AND NOT starts_with(coalesce(e.last.error, ''), $by_person)
  AND NOT EXISTS (SELECT 1 FROM mail a WHERE a.kind = 'alert'
                  AND ends_with(a.dedupe_key, '/' || m.mail_id || '/' || e.place))
ORDER BY e.place
