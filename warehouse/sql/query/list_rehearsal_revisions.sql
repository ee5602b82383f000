-- Every revision of $period, by which two copies of a warehouse are compared.
SELECT unit, item, revision, value, state, status, reason, submission_id
FROM observation WHERE period = $period ORDER BY unit, item, revision
