-- The quarters of the assessment of which anything is known, oldest first.
SELECT DISTINCT t FROM attain_digest ORDER BY t
