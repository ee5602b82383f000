-- Temp table attain_result: every target kind judged at $t; the formulas are those of docs/method.md.
CREATE OR REPLACE TEMP TABLE attain_result AS
WITH figure AS (
    SELECT t.*, s.value AS actual, coalesce(s.reported, 0) AS reported, coalesce(s.with_state, 0) AS with_state,
           coalesce(s.done, 0) AS done, coalesce(s.nil, 0) AS nil, s.any_state,
           coalesce(s.is_zero_denominator, false) AS is_zero_denominator, coalesce(s.lacks_parts, false) AS lacks_parts,
           coalesce(s.is_complete, true) OR s.value IS NULL AS is_complete,
           coalesce(h.share, 1) AS share, coalesce(h.is_seasonal, false) AS is_seasonal,
           p.due_value, p.due_next_year, coalesce(p.has_milestones, false) AS has_milestones,
           -- A per-unit target says nothing about the sum or choice of one unit; there the units decide.
           t.scope = 'city' AND t.binds = 'unit' AND t.rollup IN ('single', 'sum') AND t.reporters > 1 AS is_by_unit,
           $t % 4 < 3 AND t.is_flow AS is_year_open
    FROM attain_target t
    LEFT JOIN attain_series s ON s.series = t.series AND s.t = $t
    LEFT JOIN attain_share h ON h.series = t.series AND h.quarter = $t % 4
    LEFT JOIN attain_path p ON p.series = t.series
),
judged AS (
    SELECT *,
           -- Rounded: a border such as 100*(1-0.16) must not be missed by the last bit of a float.
           round(actual - goal, 9) AS distance,
           -- Baseline already at or past the goal leaves no way to measure.
           CASE WHEN is_downward THEN b > goal ELSE b < goal END AND (target_kind <> 'reduction' OR is_drop OR b > 0) AS is_measurable,
           CASE
               WHEN target_kind = 'unspecified' OR is_by_unit THEN NULL
               WHEN target_kind = 'milestone' THEN
                   CASE WHEN with_state = 0 THEN NULL WHEN done = reporters THEN true WHEN done < with_state THEN false END
               WHEN actual IS NULL OR goal IS NULL THEN NULL
               WHEN is_downward AND distance <= 0 AND (distance < 0 OR NOT strict) THEN
                   -- Part of a sum, or of a year, may still grow past the limit.
                   CASE WHEN is_complete AND NOT is_year_open THEN true END
               WHEN is_downward THEN false
               WHEN distance >= 0 AND (distance > 0 OR NOT strict) THEN true
               WHEN is_complete THEN false
           END AS met,
           CASE WHEN is_measurable AND NOT is_by_unit AND (is_complete OR NOT is_downward)
                THEN 100 * (actual - b) / (goal - b) END AS progress_pct,
           CASE
               WHEN target_kind IN ('milestone', 'unspecified') OR t0 >= t_end THEN NULL
               WHEN has_milestones OR (is_flow AND is_measurable)
                   THEN CASE WHEN is_measurable THEN 100 * (due_value * share - b) / (goal - b) END
               ELSE 100 * (least(greatest($t, t0), t_end) - t0) / (t_end - t0)
           END AS expected_pct,
           CASE WHEN is_downward THEN progress_pct
                WHEN goal > 0 AND NOT is_by_unit THEN 100 * actual / goal END AS attainment_pct,
           CASE WHEN is_complete THEN expected_pct - progress_pct END AS gap_pp,
           CASE
               WHEN is_by_unit OR NOT is_complete OR actual IS NULL OR goal IS NULL THEN NULL
               WHEN met AND NOT is_flow THEN 0
               WHEN NOT is_flow THEN CASE WHEN t_end > $t THEN abs(goal - actual) * $cycle_quarters / (t_end - $t) END
               WHEN is_downward THEN NULL
               -- Within a year: what each remaining quarter must bring for the year's own total. greatest() would turn NULL into 0.
               WHEN $t % 4 < 3 AND ($t // 4 = t_end // 4 OR due_value IS NOT NULL)
                   THEN greatest(CASE WHEN $t // 4 = t_end // 4 THEN goal ELSE due_value END - actual, 0) / (3 - $t % 4)
               WHEN $t % 4 < 3 THEN NULL
               WHEN $t < t_end THEN due_next_year * $cycle_quarters / 4
           END AS required_per_quarter
    FROM figure
),
by_unit AS (
    SELECT j.indicator, u.city AS unit, 'city' AS scope, count(*) AS units, count(*) FILTER (j.met) AS met_units,
           count(*) FILTER (NOT j.met) AS unmet_units
    FROM judged j
    JOIN unit u ON u.plan_hash = $plan_hash AND u.unit = j.unit
    WHERE j.scope = 'unit' AND j.binds = 'unit'
    GROUP BY ALL
),
settled AS (
    SELECT j.* REPLACE (
               CASE WHEN j.scope = 'city' AND j.binds = 'unit' AND j.target_kind <> 'unspecified' THEN
                   CASE WHEN n.met_units = n.units THEN true WHEN n.unmet_units > 0 THEN false END
               ELSE j.met END AS met),
           n.met_units, n.units
    FROM judged j
    LEFT JOIN by_unit n ON n.indicator = j.indicator AND n.unit = j.unit AND n.scope = j.scope
),
lit AS (
    SELECT *, CASE WHEN met THEN 'met'
                   WHEN gap_pp IS NULL OR is_by_unit THEN 'none'
                   WHEN round(gap_pp, 9) <= $yellow_gap_pp THEN 'green'
                   WHEN round(gap_pp, 9) <= $red_gap_pp THEN 'yellow'
                   ELSE 'red' END AS light
    FROM settled
),
worst AS (
    SELECT l.indicator, u.city AS unit, 'city' AS scope,
           min(CASE l.light WHEN 'red' THEN 1 WHEN 'yellow' THEN 2 WHEN 'green' THEN 3 END) AS rank
    FROM lit l JOIN unit u ON u.plan_hash = $plan_hash AND u.unit = l.unit
    WHERE l.scope = 'unit' AND l.binds = 'unit'
    GROUP BY ALL
),
opened AS (
    -- What the register said when the quarter was opened: a baseline entered since is told.
    SELECT indicator, unit, scope, baseline FROM target
    WHERE plan_hash = (SELECT any_value(plan_hash) FROM cycle WHERE period = $period)
)
SELECT l.indicator, l.unit, l.scope, l.baseline, l.target_kind, l.target_low, l.target_high, l.actual,
       CASE WHEN l.target_kind = 'milestone' THEN l.with_state ELSE l.reported END || '/' || l.reporters AS coverage,
       -- Without the noise of doubles: 26.149999999999995 for 26.15 is shown as 26.1, not as 26.2. + 0 makes 0 of -0.
       round(l.attainment_pct, 9) + 0 AS attainment_pct, l.met, round(l.progress_pct, 9) + 0 AS progress_pct,
       round(l.expected_pct, 9) + 0 AS expected_pct, round(l.gap_pp, 9) + 0 AS gap_pp,
       CASE WHEN l.is_by_unit AND l.light = 'none'
            THEN CASE w.rank WHEN 1 THEN 'red' WHEN 2 THEN 'yellow' WHEN 3 THEN 'green' ELSE 'none' END
            ELSE l.light END AS light,
       round(l.required_per_quarter, 9) + 0 AS required_per_quarter, round(p.projected, 9) + 0 AS projected_2020,
       round(p.projected_low, 9) + 0 AS projected_low, round(p.projected_high, 9) + 0 AS projected_high,
       nullif(concat_ws('；',
           CASE WHEN l.target_kind = 'unspecified' THEN '目标值原文缺失，不计算' END,
           CASE WHEN l.target_kind = 'milestone' AND l.with_state > 0 THEN
                    '里程碑：' || CASE WHEN l.reporters = 1 THEN l.any_state ELSE l.done || '/' || l.reporters || '已完成' END
                WHEN l.target_kind = 'milestone' THEN '里程碑' END,
           CASE WHEN l.reporters = 0 THEN '没有填报单位' 
                WHEN l.target_kind = 'milestone' AND l.with_state = 0 THEN '未报送'
                WHEN l.target_kind <> 'milestone' AND l.actual IS NULL AND l.is_zero_denominator THEN '分母为0，比率无法计算'
                WHEN l.target_kind <> 'milestone' AND l.lacks_parts AND l.reported = 0 THEN '缺分子分母，不能汇总'
                WHEN l.target_kind <> 'milestone' AND l.reported = 0 AND l.nil > 0 THEN '零报告，无数值'
                WHEN l.target_kind <> 'milestone' AND l.reported = 0 THEN '未报送' END,
           CASE WHEN l.nil > 0 AND l.reported > 0 AND l.actual IS NOT NULL AND l.measure IN ('amount', 'count')
                THEN '零报告按0计' END,
           CASE WHEN l.target_kind = 'milestone' AND l.with_state > 0 AND l.with_state < l.reporters
                    THEN '部分单位未报（' || l.with_state || '/' || l.reporters || '）'
                WHEN l.target_kind <> 'milestone' AND l.reported > 0 AND l.reported < l.reporters AND (l.rollup <> 'single' OR l.binds = 'unit')
                    THEN '部分单位未报（' || l.reported || '/' || l.reporters || '）'
                         || CASE WHEN NOT l.is_complete THEN '，合计不完整，不评灯' ELSE '' END END,
           CASE WHEN l.units > 0 AND l.target_kind <> 'unspecified' THEN l.met_units || '/' || l.units || '达标' END,
           CASE WHEN l.is_by_unit AND l.target_kind NOT IN ('milestone', 'unspecified') THEN '目标约束各单位，逐个评价' END,
           CASE WHEN l.target_kind IN ('milestone', 'unspecified') THEN NULL
                WHEN l.b IS NULL THEN '缺基期'
                WHEN l.target_kind = 'reduction' AND NOT l.is_drop AND l.b <= 0 THEN '基期值不为正，降幅无法计算'
                WHEN l.goal = l.b THEN '目标值等于基期值，进度无法计算'
                WHEN NOT l.is_measurable THEN '基期值已达目标值，进度无法计算' END,
           CASE WHEN q.indicator IS NULL OR l.is_drop OR l.target_kind IN ('milestone', 'unspecified') OR l.baseline IS NULL THEN NULL
                WHEN q.baseline IS NULL THEN '基期为后补'
                WHEN q.baseline <> l.baseline THEN '基期已修订，原为' || printf('%.15g', q.baseline) END,
           CASE WHEN NOT l.is_downward AND l.goal <= 0 AND NOT l.is_by_unit THEN '目标值不为正，完成率无法计算' END,
           CASE WHEN l.target_kind = 'range' AND l.met AND round(l.actual - l.target_high, 9) > 0 THEN '高于区间上限，视为达标' END,
           CASE WHEN l.is_year_open AND l.is_downward AND l.actual IS NOT NULL AND l.met IS NULL THEN '年度未完，暂不判定' END,
           CASE WHEN l.is_flow AND l.actual IS NOT NULL AND l.is_measurable THEN '年度累计，与全年目标比'
                || CASE WHEN l.is_seasonal AND l.is_year_open THEN '，按往年季节比重' ELSE '' END END,
           CASE WHEN l.target_kind NOT IN ('milestone', 'unspecified') AND l.actual IS NOT NULL AND l.t_end > $t
                    AND p.projected IS NULL AND NOT l.is_by_unit THEN '数据不足' || $min_points || '期，不作预测' END
       ), '') AS note
FROM lit l
-- Only equalities in these joins: any other condition makes DuckDB compare every pair of rows.
LEFT JOIN worst w ON w.indicator = l.indicator AND w.unit = l.unit AND w.scope = l.scope
LEFT JOIN projection p ON p.series = l.series
LEFT JOIN opened q ON q.indicator = l.indicator AND q.unit = l.unit AND q.scope = l.scope
