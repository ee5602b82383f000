-- Temp table incoming_gap: how far a city's figure and its counties', or the reporters of one figure, are apart, where the batch
-- brings one of them
CREATE OR REPLACE TEMP TABLE incoming_gap AS
WITH compared AS (
    SELECT plan_hash, indicator, period, city,
        -- Comparable only with one city figure and every county in: a sum with a missing part is no sum.
        CASE WHEN rollup IN ('sum', 'ratio') AND count(*) FILTER (NOT is_county) = 1
                AND count(*) FILTER (is_county) > 0
                AND count(value) FILTER (is_county) = count(*) FILTER (is_county)
            THEN max(value) FILTER (NOT is_county) END AS city_value,
        CASE WHEN rollup = 'sum' THEN sum(value) FILTER (is_county)
            WHEN count(numerator) FILTER (is_county AND denominator IS NOT NULL) = count(*) FILTER (is_county)
            THEN 100 * sum(numerator) FILTER (is_county) / nullif(sum(denominator) FILTER (is_county), 0) END AS county_value,
        CASE WHEN rollup = 'single' AND scope = 'city' AND count(value) > 1 THEN min(value) END AS peer_low,
        CASE WHEN rollup = 'single' AND scope = 'city' AND count(value) > 1 THEN max(value) END AS peer_high
    FROM incoming_reporter
    GROUP BY plan_hash, indicator, period, city, rollup, scope
    HAVING bool_or(is_new)
)
SELECT *,
    CASE WHEN city_value IS NULL OR county_value IS NULL THEN NULL
        WHEN county_value = 0 THEN CASE WHEN city_value = 0 THEN 0 ELSE 100 END
        ELSE round(100 * (city_value - county_value) / abs(county_value), 6) END AS city_gap_pct,
    CASE WHEN peer_high = peer_low THEN 0
        ELSE 100 * (peer_high - peer_low) / greatest(abs(peer_high), abs(peer_low)) END AS peer_gap_pct
FROM compared
