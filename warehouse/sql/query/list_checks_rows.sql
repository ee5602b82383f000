-- Places of all rows of these files of the batch
SELECT submission_id, sheet, row FROM incoming_row WHERE list_contains($ids, submission_id) ORDER BY ALL
