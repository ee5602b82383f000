-- What is presently held against files of $period
SELECT submission_id, severity, items FROM mart.finding WHERE period = $period
