-- Domain scores of $period with what is weighed in and what is left out, for the site.
SELECT domain, name, score_pct, scored, indicators, weights, excluded FROM mart.domain_score WHERE period = $period
