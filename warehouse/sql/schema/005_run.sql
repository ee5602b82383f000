-- What was run, by whom, with what; and the attainment each report computed.
CREATE TABLE run (run_id VARCHAR NOT NULL, flow VARCHAR NOT NULL, period VARCHAR, parameters VARCHAR NOT NULL, trigger VARCHAR NOT NULL, started_at TIMESTAMPTZ NOT NULL, config_hash VARCHAR NOT NULL, code_version VARCHAR NOT NULL);

CREATE TABLE run_end (run_id VARCHAR NOT NULL, ended_at TIMESTAMPTZ NOT NULL, outcome VARCHAR NOT NULL);

CREATE TABLE attainment (period VARCHAR NOT NULL, as_of TIMESTAMPTZ NOT NULL, indicator VARCHAR NOT NULL, unit VARCHAR NOT NULL, scope VARCHAR NOT NULL, baseline DOUBLE, target_kind VARCHAR NOT NULL, target_low DOUBLE, target_high DOUBLE, actual DOUBLE, coverage VARCHAR, attainment_pct DOUBLE, met BOOLEAN, progress_pct DOUBLE, expected_pct DOUBLE, gap_pp DOUBLE, light VARCHAR NOT NULL, required_per_quarter DOUBLE, projected_2020 DOUBLE, projected_low DOUBLE, projected_high DOUBLE, note VARCHAR, input_hash VARCHAR NOT NULL);
