-- Reporting rates after DHIS2 over the obligations frozen at opening; ties share a rank.
CREATE OR REPLACE VIEW mart.reporting_rate AS
WITH first_accepted AS (
    -- Later corrections do not make an obligation late, nor take back the errors of its first receipt.
    -- What a coordinator returned does not count, nor does what came before it.
    SELECT unit, item, period, min(received_at) AS received_at, arg_min(had_error_first, revision) AS had_error_first
    FROM (
        FROM main.observation WHERE recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ
        QUALIFY revision > coalesce(max(revision) FILTER (status = 'missing') OVER (PARTITION BY unit, item, period), 0)
    ) GROUP BY ALL
),
counted AS (
    SELECT o.period, o.unit,
           count(DISTINCT o.item) FILTER (o.is_owed) AS expected,
           count(DISTINCT o.item) FILTER (o.is_owed AND b.item IS NOT NULL) AS accepted,
           count(DISTINCT o.item) FILTER (o.is_owed AND b.received_at <= d.due_at) AS timely,
           count(DISTINCT o.item) FILTER (o.is_owed AND NOT b.had_error_first) AS flawless
    FROM main.obligation o
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
