-- Temp table attain_fresh: each assessed series by quarter; city values rolled up from its reporters with coverage. figures, mix
-- and total: what its reporters' figures add to the digest of the quarter.
CREATE OR REPLACE TEMP TABLE attain_fresh AS
WITH rolled AS (
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
    FROM (SELECT *, hash(reporter, status, state, value, numerator, denominator) AS h FROM attain_figure) f
    GROUP BY ALL
)
SELECT series, t,
       CASE WHEN rollup = 'ratio' AND (reporters > 1 OR with_parts > 0) THEN 100 * numerator / nullif(denominator, 0)
            WHEN reporters = 1 THEN one
            WHEN rollup = 'sum' THEN total
            WHEN rollup = 'mean' THEN total / nullif(with_value, 0)
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
FROM attain_figure f
WHERE f.unit_series IS NOT NULL
