-- Progress along the straight line from baseline to target, one row a series, in per cent; lights against elapsed time.
WITH input AS (
    SELECT unnest(range(len($ids::VARCHAR[]))) AS ordinal,
           unnest($baseline::DOUBLE[]) AS baseline, unnest($base_year::DOUBLE[]) AS base_year,
           unnest($current::DOUBLE[]) AS current, unnest($current_year::DOUBLE[]) AS current_year,
           unnest($target::DOUBLE[]) AS target, unnest($target_year::DOUBLE[]) AS target_year,
           unnest($direction::DOUBLE[]) AS direction
),
measured AS (
    SELECT *,
           direction * (current - target) >= 0 AS met,
           CASE WHEN direction * (target - baseline) > 0 THEN 100 * (current - baseline) / (target - baseline) END AS ratio,
           -- greatest() would take a missing year for the base year.
           CASE WHEN target_year > base_year AND current_year IS NOT NULL
                THEN 100 * (least(greatest(current_year, base_year), target_year) - base_year) / (target_year - base_year) END AS expected
    FROM input
),
judged AS (
    -- Numbers too far apart for a double leave no ratio.
    SELECT *, CASE WHEN isfinite(ratio) THEN ratio END AS progress FROM measured
)
SELECT ordinal, progress,
       CASE WHEN met THEN 'met'
            WHEN expected - progress IS NULL THEN 'none'
            WHEN round(expected - progress, 9) <= $yellow_gap_pp THEN 'green'
            WHEN round(expected - progress, 9) <= $red_gap_pp THEN 'yellow'
            ELSE 'red' END AS status,
       CASE WHEN progress IS NOT NULL THEN least(greatest(progress, 0), 100) END AS score,
       concat_ws('；',
           CASE WHEN target IS NULL THEN '缺目标值' END,
           CASE WHEN current IS NULL THEN '缺现值' END,
           CASE WHEN baseline IS NULL THEN '缺基期' END,
           CASE WHEN target = baseline THEN '目标值等于基期值，进度无法计算'
                WHEN direction * (target - baseline) < 0 THEN '基期值已达目标值，进度无法计算' END,
           CASE WHEN ratio IS NOT NULL AND progress IS NULL THEN '数值相差过大，进度无法计算' END,
           CASE WHEN base_year IS NULL OR current_year IS NULL OR target_year IS NULL THEN '缺年份，不评灯'
                WHEN target_year <= base_year THEN '目标年不晚于基期年，不评灯' END) AS note
FROM judged
ORDER BY ordinal
