-- Temp table attain_target: every (indicator, unit, scope) to be assessed, with baseline, goal and time span resolved.
-- series numbers them: all that follows joins and groups millions of rows by it, not by three texts. Numbered are all of the
-- register; with $since only those of attain_affected are kept.
CREATE OR REPLACE TEMP TABLE attain_target AS
WITH reporting AS (
    SELECT r.indicator, r.unit, u.city
    FROM reporter r
    JOIN unit u ON u.plan_hash = r.plan_hash AND u.unit = r.unit
    WHERE r.plan_hash = $plan_hash
),
own AS (FROM target WHERE plan_hash = $plan_hash),
assessed AS (
    SELECT indicator, city AS unit, 'city' AS scope, city, count(*) AS reporters FROM reporting GROUP BY ALL
    UNION ALL
    SELECT o.indicator, o.unit, 'city', o.unit, 0 FROM own o
    WHERE o.scope = 'city' AND o.unit = $city
        AND NOT EXISTS (FROM reporting r WHERE r.indicator = o.indicator)
    UNION ALL
    SELECT r.indicator, r.unit, 'unit', r.city, 1
    FROM reporting r
    JOIN indicator i ON i.plan_hash = $plan_hash AND i.indicator = r.indicator
    LEFT JOIN own o ON o.indicator = r.indicator AND o.unit = r.unit AND o.scope = 'unit'
    WHERE i.scope = 'unit' OR o.unit IS NOT NULL
),
numbered AS (
    SELECT (row_number() OVER (ORDER BY scope, indicator, unit))::INTEGER AS series, * FROM assessed
),
chosen AS (FROM numbered WHERE $since IS NULL OR (indicator, city) IN (FROM attain_affected)),
resolved AS (
    SELECT a.series, a.indicator, a.unit, a.scope, a.reporters, i.measure, i.accumulation, i.scope AS binds, i.rollup,
           coalesce(o.target_kind, d.target_kind) AS target_kind,
           coalesce(o.target_low, d.target_low) AS target_low,
           coalesce(o.target_high, d.target_high) AS target_high,
           coalesce(o.strict, d.strict) AS strict,
           coalesce(o.baseline, d.baseline) AS baseline,
           coalesce(o.baseline_period, d.baseline_period) AS baseline_period,
           i.reports_drop
    FROM chosen a
    JOIN indicator i ON i.plan_hash = $plan_hash AND i.indicator = a.indicator
    JOIN own d ON d.indicator = a.indicator AND d.unit = $city AND d.scope = 'city'
    LEFT JOIN own o ON o.indicator = a.indicator AND o.unit = a.unit AND o.scope = a.scope
)
SELECT * EXCLUDE (reports_drop),
       left(baseline_period, 4)::INTEGER * 4 + CASE WHEN right(baseline_period, 2) = 'A1' THEN 4 ELSE right(baseline_period, 1)::INTEGER END - 1 AS t0,
       left($end_period, 4)::INTEGER * 4 + CASE WHEN right($end_period, 2) = 'A1' THEN 4 ELSE right($end_period, 1)::INTEGER END - 1 AS t_end,
       target_kind = 'reduction' AND reports_drop AS is_drop,
       -- A drop in % that the unit reports itself is a state, not a flow, and starts at 0.
       accumulation = 'ytd' AND NOT is_drop AND target_kind NOT IN ('milestone', 'unspecified') AS is_flow,
       target_kind = 'at_most' OR (target_kind = 'reduction' AND NOT reports_drop) AS is_downward,
       CASE WHEN is_drop THEN 0 ELSE baseline END AS b,
       CASE target_kind
            WHEN 'at_least' THEN target_low
            WHEN 'range' THEN target_low
            WHEN 'at_most' THEN coalesce(target_high, target_low)
            WHEN 'full_coverage' THEN coalesce(target_low, 100)
            WHEN 'reduction' THEN CASE WHEN reports_drop THEN target_low ELSE baseline * (1 - target_low / 100) END
       END AS goal
FROM resolved
