-- Frees the memory of a judged batch
DROP TABLE IF EXISTS incoming_row;
DROP TABLE IF EXISTS incoming_submission;
DROP TABLE IF EXISTS incoming_problem;
DROP TABLE IF EXISTS incoming_part;
DROP TABLE IF EXISTS incoming_name;
DROP TABLE IF EXISTS incoming_reporter;
DROP TABLE IF EXISTS incoming_gap;
