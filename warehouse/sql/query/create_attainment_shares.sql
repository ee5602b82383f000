-- Temp table attain_share: share of the year usually reached by each quarter (0..3), from full years before $year; else n/4.
CREATE OR REPLACE TEMP TABLE attain_share AS
WITH flow AS (
    SELECT s.series, s.t // 4 AS year, s.t % 4 AS quarter, s.value
    FROM attain_series s
    SEMI JOIN attain_target t ON t.series = s.series AND t.is_flow
    WHERE s.is_complete AND s.value IS NOT NULL AND s.t // 4 < $year
),
full_year AS (
    SELECT series, year, max(value) FILTER (quarter = 3) AS total
    FROM flow GROUP BY ALL HAVING count(*) = 4 AND max(value) FILTER (quarter = 3) > 0
),
seasonal AS (
    SELECT f.series, f.quarter, fsum(f.value / y.total ORDER BY f.year) / count(*) AS share
    FROM flow f JOIN full_year y USING (series, year)
    GROUP BY ALL
)
SELECT t.series, q.quarter,
       CASE WHEN s.share > 0 THEN s.share ELSE (q.quarter + 1) / 4 END AS share,
       coalesce(s.share > 0, false) AS is_seasonal
FROM attain_target t
CROSS JOIN (SELECT unnest([0, 1, 2, 3]) AS quarter) q
LEFT JOIN seasonal s ON s.series = t.series AND s.quarter = q.quarter
WHERE t.is_flow
