-- Every file ever received, and what became of it. Status never updates in place: verdicts are appended.
CREATE TABLE submission (submission_id VARCHAR NOT NULL, receipt_no VARCHAR NOT NULL, unit VARCHAR NOT NULL, period VARCHAR, received_at TIMESTAMPTZ NOT NULL, file_name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, size_bytes BIGINT NOT NULL, file_kind VARCHAR NOT NULL);

CREATE TABLE verdict (submission_id VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL, status VARCHAR NOT NULL, reason VARCHAR NOT NULL, run_id VARCHAR NOT NULL, sequence BIGINT NOT NULL);

-- One row a file name that was seen: the first is the submission's own, later ones are copies of the same bytes.
CREATE TABLE arrival (unit VARCHAR NOT NULL, file_name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, size_bytes BIGINT NOT NULL, seen_at TIMESTAMPTZ NOT NULL, submission_id VARCHAR NOT NULL, is_copy BOOLEAN NOT NULL);

-- items: every item a folded finding covers; indicator is set when it is one.
CREATE TABLE finding (submission_id VARCHAR NOT NULL, run_id VARCHAR NOT NULL, unit VARCHAR NOT NULL, period VARCHAR, severity VARCHAR NOT NULL, rule VARCHAR NOT NULL, sheet VARCHAR, cell VARCHAR, indicator VARCHAR, items VARCHAR[] NOT NULL, value VARCHAR, message VARCHAR NOT NULL);

-- Every accepted change of one unit x item x period is a new revision. state is the milestone or action state.
CREATE TABLE observation (unit VARCHAR NOT NULL, item VARCHAR NOT NULL, period VARCHAR NOT NULL, revision INTEGER NOT NULL, value DOUBLE, numerator DOUBLE, denominator DOUBLE, state VARCHAR, status VARCHAR NOT NULL, remark VARCHAR, evidence VARCHAR, submission_id VARCHAR NOT NULL, sheet VARCHAR, cell VARCHAR, recorded_at TIMESTAMPTZ NOT NULL, received_at TIMESTAMPTZ NOT NULL, reason VARCHAR NOT NULL, had_error_first BOOLEAN NOT NULL);

CREATE TABLE check_run (run_id VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL, rule VARCHAR NOT NULL, rows_checked BIGINT NOT NULL, rows_failed BIGINT NOT NULL, seconds DOUBLE NOT NULL, state VARCHAR NOT NULL, engine VARCHAR NOT NULL);
