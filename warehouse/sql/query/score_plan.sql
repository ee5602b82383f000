-- The plan's overall score of $period with the domains' weights and those left out.
SELECT score_pct, scored, domains, weights, excluded FROM mart.plan_score WHERE period = $period
