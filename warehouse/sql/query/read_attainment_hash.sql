-- One digest of everything the latest attainment of $period was computed from.
SELECT coalesce(md5(string_agg(input_hash || indicator || unit || scope, ',' ORDER BY indicator, unit, scope)), '') AS digest
FROM attainment
WHERE period = $period AND as_of = (SELECT max(as_of) FROM attainment WHERE period = $period)
