-- Fingerprints of all figures that an assessment can see now and could at the last instant, and whether every roll-up is there or lacks
-- only what was noted between the two.
SELECT coalesce(md5(string_agg(period || ':' || fingerprint, '|' ORDER BY period)), '') AS known,
       md5(string_agg(period || ':' || former_fingerprint, '|' ORDER BY period) FILTER (former_fingerprint <> '0')) AS former_known,
       bool_and(version IS NOT NULL OR former_version IS NOT NULL OR former_fingerprint = '0') AS is_kept
FROM attain_quarter
