-- Lists the assessment of $period as known at $as_of; base is its own number where its rows are a whole set.
INSERT INTO assessment BY NAME
SELECT $period AS period, $as_of::TIMESTAMPTZ AS as_of, $sequence::BIGINT AS sequence, $base::BIGINT AS base,
       $figures::BIGINT AS figures, $input_hash AS input_hash, $basis AS basis, $known AS known
