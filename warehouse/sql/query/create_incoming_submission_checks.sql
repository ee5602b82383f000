-- Temporary table of the batch's files: whose folder, which period, what the file says of itself
CREATE OR REPLACE TEMP TABLE incoming_submission (
    submission_id VARCHAR, unit VARCHAR, period VARCHAR, received_at TIMESTAMPTZ,
    name_claim VARCHAR, name_unit VARCHAR, code_claim VARCHAR, code_unit VARCHAR, unit_sheet VARCHAR, unit_cell VARCHAR,
    period_claim VARCHAR, period_sheet VARCHAR, period_cell VARCHAR,
    plan_hash VARCHAR, template_version VARCHAR, held_reason VARCHAR, held_detail VARCHAR, file_kind VARCHAR, row_count BIGINT
)
