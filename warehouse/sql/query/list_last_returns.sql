-- Units whose latest submission for $period a coordinator returned, and why, quoted in reminders.
SELECT unit, split_part(reason, '统筹退回，', 2) AS reason
FROM mart.submission
WHERE period = $period
QUALIFY row_number() OVER (PARTITION BY unit ORDER BY received_at DESC, submission_id DESC) = 1
    AND status = 'returned' AND starts_with(reason, '统筹退回，')
