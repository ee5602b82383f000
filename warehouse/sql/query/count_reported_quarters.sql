-- In how many quarters up to $period anything is known at $as_of.
SELECT count(DISTINCT period) AS quarters FROM main.observation WHERE period <= $period AND recorded_at <= $as_of
