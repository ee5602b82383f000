-- Numbers of the parts of the batch
SELECT DISTINCT part FROM incoming_part ORDER BY part
