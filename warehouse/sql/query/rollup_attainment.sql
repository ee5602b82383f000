-- Temp table attain_fresh: each assessed series by quarter, in the quarters without a stored roll-up; city values rolled up from its
-- reporters with coverage. figures, mix and total: what its reporters' figures add to the digest of the quarter.
CREATE OR REPLACE TEMP TABLE attain_fresh AS
-- Tables made in this transaction have no statistics yet: numbering after the first joins keeps the planner from pairing
-- every reporter with every city.
WITH numbered AS (
    SELECT r.indicator, r.unit, i.measure, u.city,
           (row_number() OVER (ORDER BY r.unit, r.indicator))::INTEGER AS reporter
    FROM reporter r
    JOIN indicator i ON i.plan_hash = r.plan_hash AND i.indicator = r.indicator
    JOIN unit u ON u.plan_hash = r.plan_hash AND u.unit = r.unit
    WHERE r.plan_hash = $plan_hash
),
-- Which series a figure of this reporter goes into: the city's and, where it has one, its own.
answering AS (
    SELECT r.indicator, r.unit, r.measure, c.series AS city_series, o.series AS unit_series, r.reporter
    FROM numbered r
    JOIN attain_target c ON c.scope = 'city' AND c.indicator = r.indicator AND c.unit = r.city
    LEFT JOIN attain_target o ON o.scope = 'unit' AND o.indicator = r.indicator AND o.unit = r.unit
),
known AS (
    SELECT o.*, q.t FROM main.observation o
    JOIN attain_quarter q ON q.period = o.period AND q.version IS NULL
    WHERE o.recorded_at <= $as_of
),
corrected AS (
    -- Few figures were ever revised: only these need a search for the last one.
    SELECT unit, item, period, max(revision) AS revision
    FROM known
    WHERE revision > 1
    GROUP BY ALL
),
-- The latest revision known at $as_of of every reporter's figure.
figure AS MATERIALIZED (
    SELECT r.city_series, r.unit_series, r.reporter, o.t, o.status, o.state,
           -- A confirmed nil return is a value where things are counted or summed; a percentage of nothing is not.
           CASE WHEN o.value IS NULL AND o.status = 'nil' AND r.measure IN ('amount', 'count') THEN 0
                WHEN o.value IS NULL AND r.measure = 'percent' AND o.denominator <> 0 THEN round(100 * o.numerator / o.denominator, 9)
                ELSE o.value END AS value,
           CASE WHEN o.status = 'nil' THEN coalesce(o.numerator, 0) ELSE o.numerator END AS numerator,
           CASE WHEN o.status = 'nil' THEN coalesce(o.denominator, 0) ELSE o.denominator END AS denominator
    FROM known o
    JOIN answering r ON r.indicator = o.item AND r.unit = o.unit
    LEFT JOIN corrected c ON c.unit = o.unit AND c.item = o.item AND c.period = o.period
    WHERE o.revision = coalesce(c.revision, 1)
),
rolled AS (
    SELECT f.city_series AS series, f.t,
           count(f.value) AS with_value,
           count(f.numerator + f.denominator) AS with_parts,
           count(f.state) AS with_state,
           count(*) FILTER (f.state = '已完成') AS done,
           count(*) FILTER (f.status = 'nil') AS nil,
           min(f.state) AS any_state,
           arg_min(f.value, f.reporter) AS one,
           -- Exact decimals: sums of floats depend on their order, and a rerun must be identical.
           sum(f.value::DECIMAL(38, 9))::DOUBLE AS total,
           sum(f.numerator::DECIMAL(38, 9)) FILTER (f.denominator IS NOT NULL)::DOUBLE AS numerator,
           sum(f.denominator::DECIMAL(38, 9)) FILTER (f.numerator IS NOT NULL)::DOUBLE AS denominator,
           count(*) AS figures, bit_xor(h) AS mix, sum(h) AS sum_h
    FROM (SELECT *, hash(reporter, status, state, value, numerator, denominator) AS h FROM figure) f
    GROUP BY ALL
)
SELECT series, t,
       CASE WHEN rollup = 'ratio' AND (reporters > 1 OR with_parts > 0) THEN round(100 * numerator / nullif(denominator, 0), 9)
            WHEN reporters = 1 THEN one
            WHEN rollup = 'sum' THEN total
            WHEN rollup = 'mean' THEN round(total / nullif(with_value, 0), 9)
            WHEN rollup = 'single' AND binds = 'city' THEN one
       END AS value,
       CASE WHEN rollup = 'ratio' AND (reporters > 1 OR with_parts > 0) THEN with_parts ELSE with_value END AS reported,
       with_state, done, nil, any_state,
       rollup = 'ratio' AND coalesce(denominator = 0, false) AS is_zero_denominator,
       rollup = 'ratio' AND with_value > 0 AND with_parts < with_value AND reporters > 1 AS lacks_parts,
       rollup <> 'sum' OR reported = reporters AS is_complete,
       figures, mix, sum_h AS total
FROM rolled JOIN attain_target USING (series)
UNION ALL
SELECT f.unit_series, f.t, f.value, (f.value IS NOT NULL)::INTEGER, (f.state IS NOT NULL)::INTEGER,
       coalesce(f.state = '已完成', false)::INTEGER, (f.status = 'nil')::INTEGER, f.state,
       coalesce(f.value IS NULL AND f.denominator = 0 AND f.status <> 'nil', false), false, true, 0, 0, 0
FROM figure f
WHERE f.unit_series IS NOT NULL
