-- Units ranked by each measure and by all in turn (timeliness, completeness, quality, attainment); ties share a rank.
-- attainment_pct: mean progress, held within 0..100, of the figures a unit alone answers for. What has no progress is
-- left out; an unfinished year's total and a partial sum are not comparable and not ranked.
CREATE OR REPLACE VIEW mart.unit_rank AS
WITH known AS (
    SELECT s.period, (SELECT arg_max(e.plan_hash, e.recorded_at) FROM main.register_event e WHERE e.recorded_at <= s.as_of) AS plan_hash
    FROM (SELECT DISTINCT period, as_of FROM mart.attainment) s
),
answering AS (
    -- A city figure with one reporter is that reporter's.
    SELECT plan_hash, indicator, min(unit) AS unit FROM main.reporter GROUP BY ALL HAVING count(*) = 1
),
figure AS (
    SELECT a.period, CASE WHEN a.scope = 'unit' THEN a.unit ELSE w.unit END AS unit,
           least(greatest(a.progress_pct, 0), 100) AS capped, i.weight
    FROM mart.attainment a
    JOIN known k ON k.period = a.period
    JOIN main.indicator i ON i.plan_hash = k.plan_hash AND i.indicator = a.indicator
    LEFT JOIN answering w ON w.plan_hash = k.plan_hash AND w.indicator = a.indicator
    WHERE a.progress_pct IS NOT NULL AND (a.gap_pp IS NOT NULL OR a.expected_pct IS NULL)
        AND (i.accumulation <> 'ytd' OR (a.target_kind = 'reduction' AND i.reports_drop) OR right(a.period, 2) IN ('Q4', 'A1'))
        AND (a.scope = 'unit' OR (w.unit IS NOT NULL AND i.scope = 'city'))
),
scored AS (
    -- Exact decimals: sums of floats depend on their order, and putting them in order costs as much as all the rest.
    SELECT period, unit, count(*) AS figures,
           sum((capped * weight)::DECIMAL(38, 12))::DOUBLE / nullif(sum(weight::DECIMAL(38, 12))::DOUBLE, 0) AS attainment_pct
    FROM figure GROUP BY period, unit
),
measured AS (
    SELECT r.period, r.unit, r.expected, r.timeliness_pct, r.completeness_pct, r.quality_pct, s.attainment_pct, coalesce(s.figures, 0) AS figures
    FROM mart.reporting_rate r
    LEFT JOIN scored s USING (period, unit)
)
SELECT *,
       CASE WHEN timeliness_pct IS NOT NULL THEN rank() OVER (PARTITION BY period ORDER BY timeliness_pct DESC NULLS LAST) END AS timeliness_rank,
       CASE WHEN completeness_pct IS NOT NULL THEN rank() OVER (PARTITION BY period ORDER BY completeness_pct DESC NULLS LAST) END AS completeness_rank,
       CASE WHEN quality_pct IS NOT NULL THEN rank() OVER (PARTITION BY period ORDER BY quality_pct DESC NULLS LAST) END AS quality_rank,
       CASE WHEN attainment_pct IS NOT NULL THEN rank() OVER (PARTITION BY period ORDER BY round(attainment_pct, 9) DESC NULLS LAST) END AS attainment_rank,
       CASE WHEN expected > 0 THEN rank() OVER (PARTITION BY period ORDER BY timeliness_pct DESC NULLS LAST, completeness_pct DESC NULLS LAST,
                quality_pct DESC NULLS LAST, round(attainment_pct, 9) DESC NULLS LAST) END AS rank
FROM measured;
