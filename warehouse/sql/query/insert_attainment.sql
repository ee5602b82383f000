-- Stores attain_result as the assessment of $period known at $as_of.
INSERT INTO attainment BY NAME
SELECT $period AS period, $as_of::TIMESTAMPTZ AS as_of, *, $input_hash AS input_hash
FROM attain_result
ORDER BY indicator, scope, unit
