-- Roll-ups kept so that a new quarter need not add up the old ones again. Derived from the facts, never a source: a row is
-- used only while its fingerprint equals that of the figures known; what is missing is computed. Not journaled.
CREATE SCHEMA IF NOT EXISTS derived;

-- One row a quarter as known today. formula_hash: the statements that made it. fingerprint: of all figures it was made
-- from. digest: of those figures that reporters of the plan gave, which is what an assessment depends on.
CREATE TABLE derived.rollup (version BIGINT NOT NULL, plan_hash VARCHAR NOT NULL, formula_hash VARCHAR NOT NULL, period VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL, digest VARCHAR NOT NULL);

CREATE TABLE derived.rollup_value (version BIGINT NOT NULL, series INTEGER NOT NULL, value DOUBLE, reported INTEGER NOT NULL, with_state INTEGER NOT NULL, done INTEGER NOT NULL, nil INTEGER NOT NULL, any_state VARCHAR, is_zero_denominator BOOLEAN NOT NULL, lacks_parts BOOLEAN NOT NULL, is_complete BOOLEAN NOT NULL);
