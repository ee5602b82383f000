-- Current observations of $period in the columns of dataflow JIBAO:OBSERVATION (SDMX-CSV 2.0)
SELECT 'dataflow' AS STRUCTURE, 'JIBAO:OBSERVATION(1.0)' AS STRUCTURE_ID, 'I' AS ACTION,
       $frequency AS FREQ, indicator AS INDICATOR, unit AS REPORTING_UNIT, period AS TIME_PERIOD,
       value AS OBS_VALUE, numerator AS NUMERATOR, denominator AS DENOMINATOR,
       status AS OBS_STATUS, state AS MILESTONE_STATE, revision AS REVISION, submission_id AS SUBMISSION_ID
FROM mart.observation
WHERE period = $period
ORDER BY indicator, unit
