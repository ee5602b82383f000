-- Mails as people see them, newest first; NULL for $period or $state means all.
SELECT * FROM mart.mail
WHERE ($period::VARCHAR IS NULL OR period = $period) AND ($state::VARCHAR IS NULL OR state = $state)
ORDER BY queued_at DESC, mail_id
