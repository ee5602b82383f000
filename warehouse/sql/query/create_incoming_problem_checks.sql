-- Temporary table of the layout problems of the batch's files
CREATE OR REPLACE TEMP TABLE incoming_problem (
    submission_id VARCHAR, problem_no INTEGER, code VARCHAR, sheet VARCHAR, cell VARCHAR, value VARCHAR
)
