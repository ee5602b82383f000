-- Every revision of every figure with the file and cell it came from, newest period first, for the site.
SELECT h.indicator, h.period, h.unit, coalesce(u.name, h.unit) AS unit_name, h.revision, h.value, h.numerator, h.denominator, h.state,
       h.status, h.reason, h.remark, h.sheet, h.cell, h.accepted_at, h.valid_to IS NULL AS stands, s.receipt_no, s.file_name, s.sha256
FROM mart.observation_history h
LEFT JOIN submission s USING (submission_id)
LEFT JOIN unit u ON u.plan_hash = $plan_hash AND u.unit = h.unit
ORDER BY h.indicator, h.period DESC, u.sort, h.unit, h.revision
