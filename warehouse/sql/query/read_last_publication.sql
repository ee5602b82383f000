-- The publication of $period that stands: its number, instant and digest.
FROM main.publication WHERE period = $period ORDER BY sequence DESC LIMIT 1
