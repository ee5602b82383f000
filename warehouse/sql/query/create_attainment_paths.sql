-- Temp table attain_path: the value that should be reached at $t (flows: the total due at the year's end, and next year's).
CREATE OR REPLACE TEMP TABLE attain_path AS
WITH milestone AS (
    SELECT t.series, m.year * 4 + 3 AS at_t, m.value
    FROM attain_target t
    JOIN yearly_milestone m ON m.plan_hash = $plan_hash AND m.indicator = t.indicator
    WHERE (t.scope = 'city' OR t.binds = 'unit') AND m.year * 4 + 3 > t.t0 AND m.year * 4 + 3 <= t.t_end
),
knot AS (
    SELECT series, t0 AS at_t, b AS value FROM attain_target WHERE t0 < t_end
    UNION ALL FROM milestone
    UNION ALL
    SELECT series, t_end, goal FROM attain_target t
    WHERE t0 < t_end AND NOT EXISTS (
        FROM milestone m WHERE m.series = t.series AND m.at_t = t.t_end)
),
moment AS (
    SELECT series, least(greatest(CASE WHEN is_flow THEN $t // 4 * 4 + 3 ELSE $t END, t0), t_end) AS now,
           least(greatest(CASE WHEN is_flow THEN $t // 4 * 4 + 7 ELSE $t END, t0), t_end) AS next_year
    FROM attain_target
),
around AS (
    SELECT m.series, m.now, m.next_year, count(*) > 2 AS has_milestones,
           max(k.at_t) FILTER (k.at_t <= m.now) AS t1, min(k.at_t) FILTER (k.at_t >= m.now) AS t2,
           max({'t': k.at_t, 'v': k.value}) FILTER (k.at_t <= m.now) AS k1,
           min({'t': k.at_t, 'v': k.value}) FILTER (k.at_t >= m.now) AS k2,
           max({'t': k.at_t, 'v': k.value}) FILTER (k.at_t <= m.next_year) AS n1,
           min({'t': k.at_t, 'v': k.value}) FILTER (k.at_t >= m.next_year) AS n2
    FROM moment m JOIN knot k USING (series)
    GROUP BY ALL
)
SELECT a.series,
       EXISTS (FROM milestone m WHERE m.series = a.series) AS has_milestones,
       CASE WHEN k1.t = k2.t THEN k1.v ELSE k1.v + (k2.v - k1.v) * (now - k1.t) / (k2.t - k1.t) END AS due_value,
       CASE WHEN n1.t = n2.t THEN n1.v ELSE n1.v + (n2.v - n1.v) * (next_year - n1.t) / (n2.t - n1.t) END AS due_next_year
FROM around a
