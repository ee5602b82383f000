-- One row a submission with its latest verdict; timely is NULL while it names no open period.
CREATE OR REPLACE VIEW mart.submission AS
WITH verdicts AS (
    SELECT submission_id, arg_max(status, sequence) AS status, arg_max(reason, sequence) AS reason
    FROM main.verdict WHERE recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ GROUP BY submission_id
),
revisions AS (SELECT submission_id, count(*) AS revision_count FROM main.observation WHERE recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ GROUP BY submission_id),
findings AS (SELECT submission_id, count(*) AS finding_count FROM main.finding GROUP BY submission_id)
SELECT s.submission_id, s.unit, s.period, s.received_at, s.file_name, s.sha256,
       coalesce(v.status, 'received') AS status, s.received_at <= coalesce(d.due_at, c.due_at) AS timely,
       coalesce(r.revision_count, 0) AS revision_count, coalesce(f.finding_count, 0) AS finding_count,
       s.receipt_no, v.reason, s.size_bytes, s.file_kind
FROM main.submission s
LEFT JOIN verdicts v USING (submission_id)
LEFT JOIN main.cycle c ON c.period = s.period
LEFT JOIN mart.deadline d ON d.period = s.period AND d.unit = s.unit
LEFT JOIN revisions r USING (submission_id)
LEFT JOIN findings f USING (submission_id)
WHERE s.received_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ;
