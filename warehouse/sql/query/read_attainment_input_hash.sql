-- One hash over everything the assessment of a period reads; the same whatever the order of rows or submissions.
SELECT md5(concat_ws('|', $plan_hash, $city, $end_period, $period, $yellow_gap_pp, $red_gap_pp, $min_points,
                     string_agg(t || ':' || digest, '|' ORDER BY t) FILTER (digest <> '0'))) AS input_hash
FROM attain_digest
