-- One frozen mail.
SELECT mail_id, dedupe_key, kind, recipient, unit, period, subject, message_id, eml, letter_file, letter_at, letter_size, letter_sha256, on_unsure, queued_at
FROM mail WHERE mail_id = $mail_id
