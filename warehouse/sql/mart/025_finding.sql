-- Every finding with the cell it is about.
CREATE OR REPLACE VIEW mart.finding AS
SELECT submission_id, unit, period, severity, rule, sheet, cell, indicator, value, message, items, run_id
FROM main.finding;
