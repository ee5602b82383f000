-- Where every letter of the letter book lies.
SELECT mail_id, eml, letter_file, letter_at, letter_size, letter_sha256
FROM mail WHERE letter_file IS NOT NULL
ORDER BY letter_file, letter_at
