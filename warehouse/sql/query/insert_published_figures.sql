-- Copies the assessment of $period as known at known_at under the publication's number.
INSERT INTO published_figure BY NAME
SELECT period, $sequence::INTEGER AS sequence, * EXCLUDE (period, as_of, input_hash) FROM mart.attainment WHERE period = $period
