-- Assessed quarters that something noted since may change: a figure of theirs or of a quarter before, or the register.
SELECT a.period
FROM (SELECT period, max(as_of) AS as_of FROM known.assessment WHERE as_of <= $as_of GROUP BY period) a
WHERE EXISTS (FROM main.observation o WHERE o.recorded_at > a.as_of AND o.recorded_at <= $as_of AND o.period <= a.period)
    OR EXISTS (FROM main.register_event e WHERE e.recorded_at > a.as_of AND e.recorded_at <= $as_of)
ORDER BY a.period
