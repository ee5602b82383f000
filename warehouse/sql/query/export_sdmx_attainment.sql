-- The latest assessment of $period in the columns of dataflow JIBAO:ATTAINMENT (SDMX-CSV 2.0)
SELECT 'dataflow' AS STRUCTURE, 'JIBAO:ATTAINMENT(1.0)' AS STRUCTURE_ID, 'I' AS ACTION,
       $frequency AS FREQ, indicator AS INDICATOR, unit AS REPORTING_UNIT, period AS TIME_PERIOD,
       actual AS OBS_VALUE, attainment_pct AS ATTAINMENT_PCT, progress_pct AS PROGRESS_PCT,
       expected_pct AS EXPECTED_PCT, gap_pp AS GAP_PP, required_per_quarter AS REQUIRED_PER_CYCLE,
       projected_2020 AS PROJECTED, projected_low AS PROJECTED_LOW, projected_high AS PROJECTED_HIGH,
       coverage AS COVERAGE, baseline AS BASELINE, target_low AS TARGET_LOW, target_high AS TARGET_HIGH, target_kind AS TARGET_KIND,
       scope AS SCOPE, met AS IS_MET, light AS LIGHT, note AS NOTE
FROM mart.attainment
WHERE period = $period
ORDER BY indicator, scope, unit
