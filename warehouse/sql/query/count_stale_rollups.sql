-- How many quarters were computed that may be stored.
SELECT count(*) AS quarters FROM attain_digest WHERE version IS NULL AND is_present
