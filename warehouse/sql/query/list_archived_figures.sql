-- What each file brought that was counted, cell by cell.
SELECT submission_id, unit, period, item, sheet, cell, value, state, status
FROM observation
WHERE status IN ('reported', 'nil') AND cell IS NOT NULL
ORDER BY submission_id, sheet, cell
