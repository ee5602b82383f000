-- Which of $keys already have a mail: a repeated letter is the same letter.
SELECT dedupe_key FROM mail WHERE dedupe_key IN (SELECT unnest($keys::VARCHAR[]))
