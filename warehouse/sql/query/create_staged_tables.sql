-- Temporary tables of one judged batch on its way to Parquet, beside incoming_row.
CREATE OR REPLACE TEMP TABLE staged_submission (
    submission_id VARCHAR, receipt_no VARCHAR, unit VARCHAR, period VARCHAR, received_at TIMESTAMPTZ, file_name VARCHAR,
    sha256 VARCHAR, size_bytes BIGINT, file_kind VARCHAR, entry VARCHAR, status VARCHAR, reason VARCHAR, claimed_by VARCHAR,
    return_name VARCHAR
);
CREATE OR REPLACE TEMP TABLE staged_finding (
    submission_id VARCHAR, unit VARCHAR, period VARCHAR, severity VARCHAR, rule VARCHAR, sheet VARCHAR, cell VARCHAR,
    indicator VARCHAR, value VARCHAR, message VARCHAR, items VARCHAR[], rows INTEGER[], cells VARCHAR[]
);
CREATE OR REPLACE TEMP TABLE staged_rule (
    rule VARCHAR, rows_checked BIGINT, rows_failed BIGINT, seconds DOUBLE, state VARCHAR, engine VARCHAR
);
CREATE OR REPLACE TEMP TABLE staged_rejected (submission_id VARCHAR, sheet VARCHAR, row INTEGER);
CREATE OR REPLACE TEMP TABLE staged_arrival (
    unit VARCHAR, file_name VARCHAR, sha256 VARCHAR, size_bytes BIGINT, submission_id VARCHAR, is_copy BOOLEAN, entry VARCHAR
);
-- Directory entries to take out of the drop folder once the batch is in; refused ones are kept in quarantine.
CREATE OR REPLACE TEMP TABLE staged_entry (folder VARCHAR, entry VARCHAR, unit VARCHAR, sha256 VARCHAR, is_refused BOOLEAN);
