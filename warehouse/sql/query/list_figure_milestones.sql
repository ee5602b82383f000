-- Yearly milestones of $indicator under $plan_hash.
SELECT year, value FROM yearly_milestone WHERE plan_hash = $plan_hash AND indicator = $indicator ORDER BY year
