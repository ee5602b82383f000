-- Temp table projection: Theil-Sen line through the projection_point rows of each series and origin, read off at t_to.
-- Slope: median of pairwise slopes; level: median of y - slope*t. Interval: slopes at the ranks (N -/+ C)/2 with
-- C = 1.96*sqrt(n(n-1)(2n+5)/18) (Sen 1968, 95 %). Fewer than $min_points points: no row.
CREATE OR REPLACE TEMP TABLE projection AS
WITH enough AS (
    SELECT series, origin, count(*) AS n
    FROM projection_point GROUP BY ALL HAVING count(*) >= greatest($min_points, 2)
),
point AS (SELECT p.*, e.n FROM projection_point p JOIN enough e USING (series, origin)),
slope AS (
    SELECT a.series, a.origin, a.n, list_sort(list((b.y - a.y) / (b.t - a.t))) AS slopes
    FROM point a
    JOIN point b ON b.series = a.series AND b.origin = a.origin AND b.t > a.t
    GROUP BY ALL
),
ranked AS (
    SELECT *, len(slopes) AS pairs, 1.96 * sqrt(n * (n - 1) * (2 * n + 5) / 18) AS c FROM slope
),
line AS (
    SELECT series, origin, n,
           (slopes[(pairs + 1) // 2] + slopes[pairs // 2 + 1]) / 2 AS mid,
           slopes[greatest(1, floor((pairs - c) / 2)::INTEGER)] AS low,
           slopes[least(pairs, ceil((pairs + c) / 2 + 1)::INTEGER)] AS high
    FROM ranked
)
SELECT p.series, p.origin, p.t_to, l.n AS points, l.mid AS slope,
       median(p.y + l.mid * (p.t_to - p.t)) AS projected,
       least(median(p.y + l.low * (p.t_to - p.t)), projected) AS projected_low,
       greatest(median(p.y + l.high * (p.t_to - p.t)), projected) AS projected_high
FROM point p
JOIN line l USING (series, origin)
GROUP BY ALL
