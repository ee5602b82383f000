-- Domain scores of $period with weights and exclusions.
SELECT domain, name, weight, score_pct, scored, indicators, weights, excluded FROM mart.domain_score WHERE period = $period
