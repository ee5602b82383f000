-- Every assessment of a period. A later one stores only the rows that became other: its figures are, of the period's rows numbered
-- base to sequence, the last of each target. basis: register, settings and statements it was made with; known: fingerprint of all
-- figures it could see. While both still hold, the next assessment computes only what was noted since.
CREATE TABLE assessment (period VARCHAR NOT NULL, as_of TIMESTAMPTZ NOT NULL, sequence BIGINT NOT NULL, base BIGINT NOT NULL, figures BIGINT NOT NULL, input_hash VARCHAR NOT NULL, basis VARCHAR NOT NULL, known VARCHAR NOT NULL);

-- NULL: one of a whole set, stored before assessments were listed.
ALTER TABLE attainment ADD COLUMN sequence BIGINT;

-- A roll-up is brought up to date city by city: each keeps its part of the quarter's digest.
DELETE FROM derived.rollup;
DROP TABLE derived.rollup_value;
CREATE TABLE derived.rollup_value (version BIGINT NOT NULL, series INTEGER NOT NULL, value DOUBLE, reported INTEGER NOT NULL, with_state INTEGER NOT NULL, done INTEGER NOT NULL, nil INTEGER NOT NULL, any_state VARCHAR, is_zero_denominator BOOLEAN NOT NULL, lacks_parts BOOLEAN NOT NULL, is_complete BOOLEAN NOT NULL, figures BIGINT NOT NULL, mix UBIGINT NOT NULL, total HUGEINT NOT NULL);
