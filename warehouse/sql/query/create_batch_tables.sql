-- What record_batch hands to the statements that append observations.
CREATE OR REPLACE TEMP TABLE batch_submission (submission_id VARCHAR, unit VARCHAR, period VARCHAR, received_at TIMESTAMPTZ, ordinal INTEGER);
CREATE OR REPLACE TEMP TABLE batch_rejected (submission_id VARCHAR, sheet VARCHAR, row INTEGER);
