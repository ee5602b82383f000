-- Rows of attain_result.
SELECT count(*) AS rows FROM attain_result
