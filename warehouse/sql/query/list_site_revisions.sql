-- Of every indicator the $most newest revisions with the file and cell they came from, newest period first, and whatever
-- stands in $latest; `of` is how many there are in all. For the site.
WITH numbered AS (
    SELECT h.*, u.name, u.sort, row_number() OVER (PARTITION BY h.indicator ORDER BY h.period DESC, u.sort, h.unit, h.revision) AS n,
           count(*) OVER (PARTITION BY h.indicator) AS of
    FROM mart.observation_history h
    LEFT JOIN unit u ON u.plan_hash = $plan_hash AND u.unit = h.unit
)
SELECT h.indicator, h.period, h.unit, coalesce(h.name, h.unit) AS unit_name, h.revision, h.value, h.numerator, h.denominator, h.state,
       h.status, h.reason, h.remark, h.sheet, h.cell, timezone('UTC', h.accepted_at) AS accepted_at, h.valid_to IS NULL AS stands,
       s.receipt_no, s.file_name, s.sha256, h.of
FROM numbered h
LEFT JOIN submission s USING (submission_id)
WHERE h.n <= $most OR h.period = $latest AND h.valid_to IS NULL
ORDER BY h.indicator, h.n
