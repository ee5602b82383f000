-- Those of $units about whose files a verdict was recorded from number $sequence on.
SELECT DISTINCT s.unit
FROM verdict v JOIN submission s USING (submission_id)
WHERE v.sequence >= $sequence AND s.unit IN (SELECT unnest($units::VARCHAR[]))
