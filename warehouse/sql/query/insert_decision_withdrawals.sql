-- Every figure of $submission_id that still stands is withdrawn by a revision of its own: nothing stands until the next report.
INSERT INTO observation (unit, item, period, revision, value, numerator, denominator, state, status, remark, evidence,
                         submission_id, sheet, cell, recorded_at, received_at, reason, had_error_first)
SELECT unit, item, period, revision + 1, NULL, NULL, NULL, NULL, 'missing', NULL, NULL,
       submission_id, sheet, cell, $recorded_at, $recorded_at, '统筹退回：' || $reason, had_error_first
FROM (
    FROM observation
    QUALIFY row_number() OVER (PARTITION BY unit, item, period ORDER BY revision DESC) = 1
)
WHERE submission_id = $submission_id AND status <> 'missing'
