-- One row a mail with its present state; times in the office's zone, last_error kept after a later success.
CREATE OR REPLACE VIEW mart.mail AS
SELECT m.mail_id, m.kind, m.recipient, m.unit, m.period, m.subject, e.state, e.attempts,
       m.queued_at, e.sent_at, m.message_id, e.last_error
FROM main.mail m
JOIN (
    SELECT mail_id, arg_max(state, sequence) AS state, arg_max(attempts, sequence) AS attempts,
           max(recorded_at) FILTER (state = 'sent') AS sent_at,
           arg_max(error, sequence) FILTER (error IS NOT NULL) AS last_error
    FROM main.mail_event GROUP BY mail_id
) e USING (mail_id);
