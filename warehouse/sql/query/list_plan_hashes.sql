-- Every plan ever recorded.
SELECT plan_hash FROM plan
