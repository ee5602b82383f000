-- Temp table attain_former: what the assessment numbered $base to $former says of the targets assessed now; with $since only of these.
CREATE OR REPLACE TEMP TABLE attain_former AS
SELECT * EXCLUDE (period, as_of, input_hash, sequence)
FROM (SELECT * REPLACE (coalesce(sequence, -epoch_us(as_of)) AS sequence) FROM main.attainment)
WHERE period = $period AND sequence BETWEEN $base AND $former
    AND ($since IS NULL OR (indicator, unit, scope) IN (SELECT indicator, unit, scope FROM attain_target))
QUALIFY row_number() OVER (PARTITION BY indicator, unit, scope ORDER BY sequence DESC) = 1
