-- Temporary table of the batch's rows, as read (columns of ROW_COLUMNS)
CREATE OR REPLACE TEMP TABLE incoming_row (
    submission_id VARCHAR, sheet VARCHAR, row INTEGER, item VARCHAR, item_kind VARCHAR, item_cell VARCHAR,
    unit_label VARCHAR, unit_label_cell VARCHAR,
    value_text VARCHAR, value DOUBLE, value_state VARCHAR, value_cell VARCHAR,
    numerator_text VARCHAR, numerator DOUBLE, numerator_state VARCHAR, numerator_cell VARCHAR,
    denominator_text VARCHAR, denominator DOUBLE, denominator_state VARCHAR, denominator_cell VARCHAR,
    state VARCHAR, nil_text VARCHAR, is_nil BOOLEAN, nil_cell VARCHAR,
    remark VARCHAR, remark_cell VARCHAR, evidence VARCHAR, value_unit VARCHAR, item_name VARCHAR
)
