-- The publication of $period that stands: how many went out before it, how many of these had the same figures, and in how many
-- indicators it differs from the one before it (a projection alone moves without anybody's doing).
WITH last AS (
    SELECT arg_max(content_hash, sequence) AS content_hash, max(sequence) AS sequence FROM publication WHERE period = $period
),
pair AS (
    SELECT f.indicator, f.unit, f.scope,
           count(DISTINCT (round(f.actual, 9), round(f.attainment_pct, 9), round(f.progress_pct, 9), f.light, f.met, f.coverage, f.note)) AS looks,
           count(*) AS copies
    FROM published_figure f, last l
    WHERE f.period = $period AND f.sequence BETWEEN l.sequence - 1 AND l.sequence
    GROUP BY ALL
)
SELECT l.sequence - 1 AS revision,
       (SELECT count(*) FROM publication p WHERE p.period = $period AND p.sequence < l.sequence AND p.content_hash = l.content_hash) AS times_before,
       CASE WHEN l.sequence > 1 THEN (SELECT count(DISTINCT indicator) FROM pair WHERE looks > 1 OR copies < 2) ELSE 0 END AS changed
FROM last l
WHERE l.sequence IS NOT NULL
