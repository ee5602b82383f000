-- Copies the assessment of $period made for $as_of under the publication's number.
INSERT INTO published_figure BY NAME
SELECT period, $sequence::INTEGER AS sequence, * EXCLUDE (period, as_of, input_hash) FROM main.attainment WHERE period = $period AND as_of = $as_of
