-- What every lead and contributing unit told of every action and safeguard in every assessed period, newest first, for the site.
SELECT p.item, p.role, p.is_owed, p.period, p.unit, coalesce(u.name, p.unit) AS unit_name, p.state, p.status, p.remark,
       p.evidence, p.revision, p.sheet, p.cell, s.file_name, s.receipt_no
FROM mart.progress p
SEMI JOIN mart.attainment a ON a.period = p.period
LEFT JOIN submission s USING (submission_id)
LEFT JOIN unit u ON u.plan_hash = $plan_hash AND u.unit = p.unit
ORDER BY p.item, p.period DESC, p.is_owed DESC, p.role, u.sort, p.unit
