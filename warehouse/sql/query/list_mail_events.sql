-- The history of one mail, oldest first.
SELECT sequence, recorded_at, state, attempts, not_before, error
FROM mail_event WHERE mail_id = $mail_id ORDER BY sequence
