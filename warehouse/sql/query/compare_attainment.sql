-- How many rows differ between attain_result and what is stored as the latest known at $as_of for $period.
WITH latest AS (
    SELECT * EXCLUDE (period, as_of) FROM attainment
    WHERE period = $period AND as_of = (SELECT max(as_of) FROM attainment WHERE period = $period AND as_of <= $as_of)
),
fresh AS (SELECT *, $input_hash AS input_hash FROM attain_result)
SELECT (SELECT count(*) FROM (FROM latest EXCEPT ALL FROM fresh))
     + (SELECT count(*) FROM (FROM fresh EXCEPT ALL FROM latest)) AS differences
