-- Every assessment known at known_at, one a period and instant. What was stored before assessments were listed is a whole set
-- each, numbered by minus its instant, below all others.
CREATE SCHEMA IF NOT EXISTS known;
DROP VIEW IF EXISTS known.attainment;
CREATE OR REPLACE VIEW known.assessment AS
SELECT * FROM (
    FROM main.assessment
    UNION ALL
    SELECT period, as_of, -epoch_us(as_of), -epoch_us(as_of), count(*), min(input_hash), '', ''
    FROM main.attainment WHERE sequence IS NULL GROUP BY period, as_of
)
WHERE as_of <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ
QUALIFY row_number() OVER (PARTITION BY period, as_of ORDER BY sequence DESC) = 1;

-- Of each period the assessment that stands, and the rows that it and those before it back to its base found other. Views of
-- their own, because a shared WITH would be computed for all periods whatever one is asked for.
CREATE OR REPLACE VIEW known.standing AS
SELECT period, as_of, base, sequence, input_hash FROM known.assessment
QUALIFY row_number() OVER (PARTITION BY period ORDER BY as_of DESC) = 1;

CREATE OR REPLACE VIEW known.later AS
SELECT a.* REPLACE (s.as_of AS as_of, s.input_hash AS input_hash)
FROM main.attainment a
JOIN known.standing s ON s.period = a.period AND a.sequence > s.base AND a.sequence <= s.sequence;

-- The latest assessment of each period, and the domain scores that follow from it.
CREATE OR REPLACE VIEW mart.attainment AS
SELECT period, as_of, indicator, unit, scope, baseline, target_kind, target_low, target_high, actual, coverage, attainment_pct, met,
       progress_pct, expected_pct, gap_pp, light, required_per_quarter, projected_2020, projected_low, projected_high, note, input_hash
FROM (
    FROM known.later
    QUALIFY row_number() OVER (PARTITION BY period, indicator, unit, scope ORDER BY sequence DESC) = 1
    UNION ALL
    SELECT a.* REPLACE (s.as_of AS as_of, s.input_hash AS input_hash)
    FROM main.attainment a
    JOIN known.standing s ON s.period = a.period AND s.base = coalesce(a.sequence, -epoch_us(a.as_of))
    ANTI JOIN known.later l ON l.period = a.period AND l.indicator = a.indicator AND l.unit = a.unit AND l.scope = a.scope
);

-- Weighted mean of the indicators' progress, each held within 0..100. What has no comparable progress is
-- left out and named with the reason, never counted as 0 or 100.
CREATE OR REPLACE VIEW mart.domain_score AS
WITH assessed AS (SELECT DISTINCT period, as_of FROM mart.attainment),
known AS (
    SELECT s.period, (SELECT arg_max(e.plan_hash, e.recorded_at) FROM main.register_event e WHERE e.recorded_at <= s.as_of) AS plan_hash
    FROM assessed s
),
part AS (
    SELECT a.period, k.plan_hash, i.domain, i.indicator, i.name, i.weight, i.sort,
           CASE WHEN a.target_kind = 'milestone' THEN '里程碑'
                WHEN a.target_kind = 'unspecified' THEN '目标值原文缺失'
                WHEN i.accumulation = 'ytd' AND NOT (a.target_kind = 'reduction' AND i.reports_drop) AND right(a.period, 2) NOT IN ('Q4', 'A1')
                    THEN '年度累计，年度未完'
                WHEN a.progress_pct IS NULL THEN coalesce(nullif(a.note, ''), '进度无法计算')
                WHEN a.gap_pp IS NULL AND a.expected_pct IS NOT NULL THEN '合计不完整'
           END AS excluded_for,
           CASE WHEN a.progress_pct IS NOT NULL THEN least(greatest(a.progress_pct, 0), 100) END AS capped
    FROM mart.attainment a
    JOIN known k ON k.period = a.period
    JOIN main.indicator i ON i.plan_hash = k.plan_hash AND i.indicator = a.indicator
    JOIN main.plan p ON p.plan_hash = k.plan_hash
    WHERE a.scope = 'city' AND a.unit = p.city
)
SELECT p.period, p.domain, coalesce(d.name, '全市总体目标') AS name, coalesce(d.weight, 1) AS weight,
       fsum(p.capped * p.weight ORDER BY p.indicator) FILTER (p.excluded_for IS NULL)
           / nullif(fsum(p.weight ORDER BY p.indicator) FILTER (p.excluded_for IS NULL), 0) AS score_pct,
       count(*) FILTER (p.excluded_for IS NULL) AS scored,
       count(*) AS indicators,
       string_agg(p.name || '×' || printf('%g', p.weight), '，' ORDER BY p.sort) FILTER (p.excluded_for IS NULL) AS weights,
       string_agg(p.name || '（' || p.excluded_for || '）', '，' ORDER BY p.sort) FILTER (p.excluded_for IS NOT NULL) AS excluded
FROM part p
LEFT JOIN main.domain d ON d.plan_hash = p.plan_hash AND d.domain = p.domain
GROUP BY p.period, p.plan_hash, p.domain, d.name, d.weight, d.sort
ORDER BY p.period, d.sort NULLS FIRST;

-- The whole plan: mean of the domains' scores (the plan-wide goals count as one of weight 1), each by its weight.
CREATE OR REPLACE VIEW mart.plan_score AS
SELECT period,
       fsum(score_pct * weight ORDER BY domain NULLS FIRST) FILTER (score_pct IS NOT NULL)
           / nullif(fsum(weight ORDER BY domain NULLS FIRST) FILTER (score_pct IS NOT NULL), 0) AS score_pct,
       count(score_pct) AS scored, count(*) AS domains,
       string_agg(name || '×' || printf('%g', weight), '，' ORDER BY domain NULLS FIRST) FILTER (score_pct IS NOT NULL) AS weights,
       string_agg(name, '，' ORDER BY domain NULLS FIRST) FILTER (score_pct IS NULL) AS excluded
FROM mart.domain_score
GROUP BY period;
