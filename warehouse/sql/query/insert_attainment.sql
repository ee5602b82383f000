-- Stores what attain_result says otherwise than attain_former under the number $sequence; $is_whole: everything.
INSERT INTO attainment BY NAME
SELECT $period AS period, $as_of::TIMESTAMPTZ AS as_of, *, $input_hash AS input_hash, $sequence::BIGINT AS sequence
FROM (FROM attain_result EXCEPT ALL (FROM attain_former WHERE NOT $is_whole))
ORDER BY indicator, scope, unit
