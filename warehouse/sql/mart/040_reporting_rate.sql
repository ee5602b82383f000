-- Reporting rates after DHIS2 over the obligations frozen at opening; ties share a rank.
CREATE OR REPLACE VIEW mart.reporting_rate AS
WITH known AS (
    FROM main.observation WHERE recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ
),
-- Later corrections do not make an obligation late, nor take back the errors of its first receipt.
-- What a coordinator returned does not count, nor does what came before it.
returned AS (
    SELECT unit, item, period, max(revision) AS revision FROM known WHERE status = 'missing' GROUP BY ALL
),
first_accepted AS (
    SELECT k.unit, k.item, k.period, min(k.received_at) AS received_at, arg_min(k.had_error_first, k.revision) AS had_error_first
    FROM known k
    LEFT JOIN returned r ON r.unit = k.unit AND r.item = k.item AND r.period = k.period
    WHERE k.revision > coalesce(r.revision, 0)
    GROUP BY ALL
),
-- Each item once, whatever the unit's roles in it.
asked AS (
    SELECT period, unit, item, bool_or(is_owed) AS is_owed FROM main.obligation GROUP BY ALL
),
counted AS (
    SELECT o.period, o.unit,
           count(*) FILTER (o.is_owed) AS expected,
           count(*) FILTER (o.is_owed AND b.item IS NOT NULL) AS accepted,
           count(*) FILTER (o.is_owed AND b.received_at <= d.due_at) AS timely,
           count(*) FILTER (o.is_owed AND NOT b.had_error_first) AS flawless
    FROM asked o
    JOIN mart.deadline d ON d.period = o.period AND d.unit = o.unit
    LEFT JOIN first_accepted b ON b.unit = o.unit AND b.item = o.item AND b.period = o.period
    GROUP BY ALL
),
rated AS (
    SELECT period, unit, expected, accepted, timely,
           100 * accepted / nullif(expected, 0) AS completeness_pct,
           100 * timely / nullif(expected, 0) AS timeliness_pct,
           100 * flawless / nullif(accepted, 0) AS quality_pct
    FROM counted
)
SELECT *, CASE WHEN expected > 0 THEN
              rank() OVER (PARTITION BY period ORDER BY timeliness_pct DESC NULLS LAST, completeness_pct DESC NULLS LAST,
                           quality_pct DESC NULLS LAST) END AS rank
FROM rated;
