-- Periods with a computed attainment and the instant it speaks for.
SELECT period, max(as_of) AS as_of FROM known.assessment GROUP BY period
