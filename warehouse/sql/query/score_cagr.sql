-- Progress by compound annual growth (Open SDG, ProgressMeasure), one row a series; docs/method.md has the definition.
WITH input AS (
    SELECT unnest(range(len($ids::VARCHAR[]))) AS ordinal, unnest($ids::VARCHAR[]) AS id,
           unnest($baseline::DOUBLE[]) AS baseline, unnest($base_year::DOUBLE[]) AS base_year,
           unnest($current::DOUBLE[]) AS current, unnest($current_year::DOUBLE[]) AS current_year,
           unnest($target::DOUBLE[]) AS target, unnest($target_year::DOUBLE[]) AS target_year,
           unnest($direction::DOUBLE[]) AS direction, unnest($limit::DOUBLE[]) AS bound
),
replaced AS (
    SELECT * REPLACE (CASE WHEN baseline = 0 THEN 0.001 ELSE baseline END AS baseline,
                      CASE WHEN target = 0 THEN 0.001 ELSE target END AS target),
           baseline AS original, baseline = 0 AS is_zero_base, target = 0 AS is_zero_target,
           current_year - base_year AS years
    FROM input
),
placed AS (
    SELECT *, target = baseline OR direction * (current - target) >= 0 AS is_reached,
           -- A target already met is met whatever growth it would have taken.
           CASE WHEN target IS NULL OR target = baseline THEN NULL
                WHEN target_year IS NULL THEN '缺目标年'
                WHEN target_year <= base_year THEN '目标年不晚于基期年'
                WHEN baseline * target < 0 THEN '目标值与基期异号，增长率无意义' END AS required_missing,
           CASE WHEN years < 1 THEN '不足两个年份，不计算'
                WHEN baseline * current < 0 THEN '现值与基期异号，增长率无意义' END AS growth_missing
    FROM replaced
),
growth AS (
    SELECT *,
           CASE WHEN baseline IS NULL OR current IS NULL THEN '缺基期或现值'
                WHEN base_year IS NULL OR current_year IS NULL THEN '缺基期或现值的年份'
                -- A target already met is met, however short the series and whatever its sign; only the ratio is missing.
                WHEN is_reached THEN NULL
                ELSE coalesce(growth_missing, required_missing)
           END AS unavailable,
           -- The refused rows must not reach pow(): a root of a negative number is an error, not NULL.
           CASE WHEN growth_missing IS NULL AND current / baseline >= 0 THEN pow(current / baseline, 1 / years) - 1 END AS observed,
           CASE WHEN target_year > base_year AND target / baseline > 0
                THEN pow(target / baseline, 1 / (target_year - base_year)) - 1 END AS required,
           direction * sign(baseline) AS sense,
           CASE WHEN bound IS NULL OR bound = 0 OR abs(original) >= 2 * abs(bound) THEN 1
                WHEN abs(original) <= abs(bound) THEN 1 - pow(abs(original) / abs(bound), 4.44)
                ELSE 1 - pow((2 * abs(bound) - abs(original)) / abs(bound), 4.44) END AS c
    FROM placed
),
measured AS (
    SELECT *,
           unavailable IS NULL AND coalesce(is_reached, false) AS is_achieved,
           CASE WHEN unavailable IS NOT NULL OR target = baseline THEN NULL
                WHEN target IS NOT NULL THEN CASE WHEN isfinite(required) THEN sense * observed / abs(required) END
                ELSE sense * observed END AS ratio
    FROM growth
),
finite AS (
    -- Numbers too far apart for a double, or a target too near the base, leave no ratio.
    SELECT *, CASE WHEN isfinite(ratio) THEN ratio END AS progress FROM measured
),
banded AS (
    SELECT *,
           CASE WHEN unavailable IS NOT NULL THEN 'not_available'
                WHEN is_achieved THEN 'target_achieved'
                WHEN progress IS NULL THEN 'not_available'
                WHEN target IS NOT NULL THEN
                    CASE WHEN progress >= 0.95 THEN 'substantial_progress' WHEN progress >= 0.6 THEN 'moderate_progress'
                         WHEN progress >= 0 THEN 'limited_progress' ELSE 'deterioration' END
                WHEN progress >= 0.015 * c THEN 'substantial_progress' WHEN progress >= 0.005 * c THEN 'moderate_progress'
                WHEN progress >= 0 THEN 'limited_progress' ELSE 'deterioration'
           END AS status,
           CASE WHEN unavailable IS NOT NULL THEN NULL
                WHEN is_achieved THEN 5
                WHEN progress IS NULL THEN NULL
                WHEN target IS NOT NULL THEN
                    CASE WHEN progress >= 0.6 THEN least(7.1429 * progress - 4.2857, 5) ELSE greatest(4.1667 * progress - 2.5, -5) END
                WHEN progress < 0 THEN greatest(125 * progress - 2.5, -5)
                WHEN c = 0 THEN 5
                WHEN progress >= 0.015 * c THEN least(500 * progress / c - 5, 5)
                WHEN progress >= 0.005 * c THEN 250 * progress / c - 1.25
                ELSE 500 * progress / c - 2.5
           END AS score
    FROM finite
),
series AS (
    SELECT id, count(*) AS n, avg(score) AS mean, bool_and(is_achieved) FILTER (score IS NOT NULL) AS all_achieved FROM banded WHERE id <> '' GROUP BY id HAVING count(*) > 1
)
SELECT b.ordinal, b.progress, b.status, b.score,
       concat_ws('；', b.unavailable,
           CASE WHEN b.progress IS NULL AND b.target IS DISTINCT FROM b.baseline
                    AND coalesce(b.unavailable, b.growth_missing, b.required_missing) IS NULL THEN '数值相差过大或过小，增长率无法计算' END,
           CASE WHEN b.is_achieved THEN replace(coalesce(b.growth_missing, b.required_missing), '，不计算', '') || '，已达目标，不计算增长率之比' END,
           CASE WHEN b.unavailable IS NULL AND b.target = b.baseline THEN '基期值等于目标值，进度无法计算' END,
           CASE WHEN b.unavailable IS NULL AND b.is_zero_base AND b.progress IS NOT NULL THEN '基期为0，按0.001代替，增长率会误导，宜用 linear' END,
           CASE WHEN b.unavailable IS NULL AND b.is_zero_target AND b.progress IS NOT NULL THEN '目标为0，按0.001代替，增长率会误导，宜用 linear' END,
           CASE WHEN b.unavailable IS NULL AND b.target IS NULL THEN '无目标值，按年均变化评价' END,
           CASE WHEN s.n > 1 AND s.mean IS NOT NULL THEN '同一指标' || s.n || '个序列，平均得分' || round(s.mean, 4) || '，'
                || CASE WHEN s.all_achieved THEN 'target_achieved' WHEN s.mean >= 2.5 THEN 'substantial_progress' WHEN s.mean >= 0 THEN 'moderate_progress'
                        WHEN s.mean >= -2.5 THEN 'limited_progress' ELSE 'deterioration' END END) AS note
FROM banded b
LEFT JOIN series s USING (id)
ORDER BY b.ordinal
