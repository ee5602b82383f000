-- Who may report $indicator for $unit ($scope) under $plan_hash, and every revision of $period and the quarters before known today.
SELECT r.unit, u.name AS unit_name, o.period, o.revision, o.value, o.numerator, o.denominator, o.state, o.status, o.remark, o.evidence,
       o.reason, o.recorded_at, o.received_at, o.recorded_at <= $as_of AS is_known,
       coalesce(o.revision = max(o.revision) FILTER (o.recorded_at <= $as_of) OVER (PARTITION BY r.unit, o.period), false) AS counts,
       o.submission_id, s.receipt_no, s.file_name, s.sha256, o.sheet, o.cell
FROM reporter r
JOIN unit u ON u.plan_hash = r.plan_hash AND u.unit = r.unit
LEFT JOIN main.observation o ON o.unit = r.unit AND o.item = r.indicator AND o.period <= $period
LEFT JOIN main.submission s ON s.submission_id = o.submission_id
WHERE r.plan_hash = $plan_hash AND r.indicator = $indicator
    AND CASE WHEN $scope = 'unit' THEN r.unit = $unit ELSE u.city = $unit END
ORDER BY u.sort, o.period, o.revision
