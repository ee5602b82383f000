-- One row per submitted row and per owed item left out of part $part of the batch, with every comparison the rules need; NULL: the
-- rule does not apply
WITH
judged AS MATERIALIZED (
    SELECT s.submission_id, s.unit, s.period, s.received_at, x.plan_hash, x.city,
        CAST(left(s.period, 4) AS INTEGER) AS year, CASE WHEN right(s.period, 2) = 'A1' THEN 4 ELSE CAST(right(s.period, 1) AS INTEGER) END AS quarter,
        CAST(left(s.period, 4) AS INTEGER) * 4 + CASE WHEN right(s.period, 2) = 'A1' THEN 4 ELSE CAST(right(s.period, 1) AS INTEGER) END AS quarter_no,
        CASE WHEN right(s.period, 2) = 'A1' THEN 4 ELSE 1 END AS cycle_quarters
    FROM incoming_submission AS s
    JOIN incoming_part AS x ON x.submission_id = s.submission_id AND x.part = $part AND x.is_judged
),
-- The current revision of all that is known of these units. A withdrawn (NULL) value stays withdrawn.
latest AS (
    SELECT unit, item, period, max(revision) AS revision, min(received_at) AS first_received_at
    FROM observation
    WHERE unit IN (SELECT unit FROM judged)
    GROUP BY unit, item, period
),
accepted AS MATERIALIZED (
    SELECT o.unit, o.item, o.period,
        CAST(left(o.period, 4) AS INTEGER) AS year, CASE WHEN right(o.period, 2) = 'A1' THEN 4 ELSE CAST(right(o.period, 1) AS INTEGER) END AS quarter,
        CAST(left(o.period, 4) AS INTEGER) * 4 + CASE WHEN right(o.period, 2) = 'A1' THEN 4 ELSE CAST(right(o.period, 1) AS INTEGER) END AS quarter_no,
        o.status, o.value, o.numerator, o.denominator, o.state, nullif(trim(o.remark), '') IS NOT NULL AS is_explained,
        o.submission_id, o.sheet, o.cell, l.first_received_at
    FROM observation AS o
    JOIN latest AS l USING (unit, item, period, revision)
),
-- What the rules compare; the wording of the cells joins again at the end by its place, or it would
-- travel through every step (half of the memory).
sent AS MATERIALIZED (
    SELECT j.*, r.rowid AS place, 'sent' AS origin, r.sheet, r.row, r.item, r.item_kind,
        r.value, r.value_state, r.numerator, r.numerator_state, r.denominator, r.denominator_state, r.state, r.is_nil,
        nullif(trim(r.remark), '') IS NOT NULL AS has_remark, nullif(trim(r.evidence), '') IS NOT NULL AS has_evidence
    FROM incoming_row AS r
    JOIN judged AS j USING (submission_id)
),
-- Item and written name where that is the name of other items of the plan in force: codes were moved without their rows. Any
-- other wording says nothing (edited, translated, of an earlier plan). Few pairs: every unit writes the same ones.
registered AS (
    SELECT i.plan_hash, i.item, n.folded
    FROM (
        SELECT plan_hash, indicator AS item, name FROM indicator
        UNION ALL
        SELECT plan_hash, action, name FROM action
    ) AS i
    JOIN incoming_name AS n ON n.text = i.name
    WHERE i.plan_hash IN (SELECT plan_hash FROM judged)
),
misnamed AS MATERIALIZED (
    SELECT w.plan_hash, w.item, w.item_name, string_agg(r.item, '/' ORDER BY r.item) AS named_item
    FROM (SELECT DISTINCT j.plan_hash, r.item, r.item_name FROM incoming_row AS r JOIN judged AS j USING (submission_id)) AS w
    JOIN incoming_name AS n ON n.text = w.item_name
    JOIN registered AS r ON r.plan_hash = w.plan_hash AND r.folded = n.folded
    GROUP BY ALL
    HAVING NOT bool_or(r.item = w.item)
),
repeated AS (
    SELECT submission_id, r.item, count(*) AS item_count, arg_min(item_cell, (sheet, row)) AS first_item_cell,
        count(DISTINCT concat_ws('|', coalesce(value_text, ''), coalesce(value::VARCHAR, ''), coalesce(state, ''), coalesce(numerator_text, ''), coalesce(denominator_text, ''), coalesce(nil_text, ''))) = 1
            -- Two blank rows are alike too, but the one with another item's name is no copy.
            AND count(m.named_item) = 0 AS is_copied
    FROM incoming_row AS r
    JOIN judged AS j USING (submission_id)
    LEFT JOIN misnamed AS m ON m.plan_hash = j.plan_hash AND m.item = r.item AND m.item_name = r.item_name
    WHERE r.item <> ''
    GROUP BY submission_id, r.item
    HAVING count(*) > 1
),
-- Owed, not in the file, not accepted before it (a recheck judges by what was known at receipt). A file with no row of the kind at all (a CSV has no progress
-- sheet) is one absent sheet rather than forty absent rows.
absent AS (
    SELECT j.*, b.item, CASE b.item_kind WHEN 'indicator' THEN 'indicator' ELSE 'action' END AS item_kind,
        CASE b.item_kind WHEN 'indicator' THEN $figures ELSE $progress END AS sheet,
        CASE WHEN EXISTS (
            FROM sent AS s WHERE s.submission_id = j.submission_id AND (s.item_kind = 'indicator') = (b.item_kind = 'indicator')
        ) THEN 'row' ELSE 'sheet' END AS origin
    FROM judged AS j
    JOIN obligation AS b ON b.unit = j.unit AND b.period = j.period AND b.is_owed
    WHERE j.submission_id IN (SELECT submission_id FROM sent)
        AND NOT EXISTS (FROM sent AS s WHERE s.submission_id = j.submission_id AND s.item = b.item)
        AND NOT EXISTS (
            FROM accepted AS a
            WHERE a.unit = j.unit AND a.item = b.item AND a.period = j.period AND a.status IN ('reported', 'nil')
                AND a.first_received_at <= j.received_at
        )
),
listed AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY submission_id, sheet, origin <> 'sent', row, item) AS row_no, *
    FROM (FROM sent UNION ALL BY NAME FROM absent)
),
described AS MATERIALIZED (
    SELECT l.*,
        coalesce(i.name, a.name) AS name,
        coalesce(i.measure, CASE WHEN a.action IS NOT NULL THEN 'state' END) AS measure,
        i.unit_label AS expected_unit_label, i.accumulation, i.rollup, i.scope, i.needs_parts,
        coalesce(i.indicator, a.action) IS NOT NULL AS item_known,
        b.item IS NOT NULL AS is_listed, coalesce(b.is_owed, false) AS is_owed,
        coalesce(i.lower_limit, CASE WHEN i.measure = 'count' THEN 0 END) AS lower_limit,
        i.upper_limit,
        -- A percentage that can exceed 100 (a growth rate) says so by its own limits.
        i.measure = 'percent' AND i.lower_limit IS NULL AND i.upper_limit IS NULL AS is_share,
        i.measure = 'percent' AND coalesce(i.upper_limit, 100) <= 100 AS is_capacity,
        coalesce(own.baseline, CASE WHEN i.rollup = 'single' THEN city.baseline END) AS baseline,
        coalesce(now.status IN ('reported', 'nil'), false) AS is_accepted,
        CASE WHEN i.measure <> 'state' AND l.value_state = 'number' THEN l.value END AS figure,
        CASE WHEN l.numerator_state = 'number' THEN l.numerator END AS part_numerator,
        CASE WHEN l.denominator_state = 'number' THEN l.denominator END AS part_denominator,
        CASE l.state WHEN '未启动' THEN 0 WHEN '推进中' THEN 1 WHEN '已完成' THEN 2 END AS state_rank
    FROM listed AS l
    LEFT JOIN indicator AS i ON i.plan_hash = l.plan_hash AND i.indicator = l.item
    LEFT JOIN action AS a ON a.plan_hash = l.plan_hash AND a.action = l.item
    LEFT JOIN obligation AS b ON b.period = l.period AND b.unit = l.unit AND b.item = l.item
    LEFT JOIN target AS own ON own.plan_hash = l.plan_hash AND own.indicator = l.item AND own.unit = l.unit
    LEFT JOIN target AS city ON city.plan_hash = l.plan_hash AND city.indicator = l.item AND city.unit = l.city
    LEFT JOIN accepted AS now ON now.unit = l.unit AND now.item = l.item AND now.period = l.period
        AND now.first_received_at <= l.received_at
),
-- The unit's own history; flows (年度累计) compare with the same quarter of earlier years only.
history AS (
    SELECT d.row_no,
        max(CASE WHEN a.quarter_no = d.quarter_no - d.cycle_quarters THEN a.value END) AS previous_value,
        coalesce(bool_or(a.quarter_no = d.quarter_no - d.cycle_quarters AND a.is_explained), false) AS previous_explained,
        -- Where a cycle is a year, last year is the previous cycle and is asked about once.
        max(CASE WHEN a.quarter_no = d.quarter_no - 4 AND d.cycle_quarters < 4 THEN a.value END) AS last_year_value,
        arg_max(a.value, a.quarter_no) FILTER (a.year = d.year) AS earlier_value_this_year,
        arg_max(a.value, a.quarter_no) AS last_value,
        arg_max(a.state, a.quarter_no) AS previous_state,
        count(a.value) FILTER (d.accumulation <> 'ytd' OR a.quarter = d.quarter) AS points,
        avg(a.value) FILTER (d.accumulation <> 'ytd' OR a.quarter = d.quarter) AS mean_value,
        stddev_pop(a.value) FILTER (d.accumulation <> 'ytd' OR a.quarter = d.quarter) AS spread,
        median(a.value) FILTER (d.accumulation <> 'ytd' OR a.quarter = d.quarter) AS median_value,
        mad(a.value) FILTER (d.accumulation <> 'ytd' OR a.quarter = d.quarter) AS median_spread
    FROM described AS d
    JOIN accepted AS a ON a.unit = d.unit AND a.item = d.item AND a.quarter_no < d.quarter_no
    WHERE a.status = 'reported' AND d.origin = 'sent'
    GROUP BY d.row_no
),
-- The other side of a difference, accepted in an earlier batch: it is told too, at the cell it reported, once a batch.
echoes AS (
    SELECT r.submission_id, r.unit, r.period, 'echo' AS origin, r.sheet, r.indicator AS item, 'indicator' AS item_kind, r.name,
        r.cell AS value_cell, CAST(r.value AS VARCHAR) AS value_text, r.unit_label AS expected_unit_label,
        g.* EXCLUDE (plan_hash, indicator, period, city)
    FROM incoming_gap AS g
    JOIN incoming_reporter AS r USING (plan_hash, indicator, period, city)
    WHERE $part = (SELECT min(part) FROM incoming_part) AND r.value IS NOT NULL AND NOT r.is_new AND (g.city_gap_pct <> 0 OR g.peer_gap_pct <> 0)
),
measured AS (
    SELECT d.*, h.* EXCLUDE (row_no),
        CASE h.previous_state WHEN '未启动' THEN 0 WHEN '推进中' THEN 1 WHEN '已完成' THEN 2 END AS previous_state_rank,
        c.city_value, c.county_value, c.peer_low, c.peer_high, c.city_gap_pct, c.peer_gap_pct,
        coalesce(h.last_year_value, CASE WHEN d.accumulation <> 'ytd' THEN h.last_value END,
            h.earlier_value_this_year, d.baseline) AS reference_value,
        CASE WHEN d.figure * coalesce(h.last_year_value, CASE WHEN d.accumulation <> 'ytd' THEN h.last_value END,
                h.earlier_value_this_year, d.baseline) > 0
            THEN log10(d.figure / coalesce(h.last_year_value, CASE WHEN d.accumulation <> 'ytd' THEN h.last_value END,
                h.earlier_value_this_year, d.baseline)) END AS shift_exponent
    FROM described AS d
    LEFT JOIN history AS h USING (row_no)
    LEFT JOIN incoming_gap AS c ON c.plan_hash = d.plan_hash AND c.indicator = d.item AND c.period = d.period AND c.city = d.city
),
-- A shift by 10^4 explains jump and outlier alike, and a remark answers them. A level that was explained last
-- quarter and has hardly moved since is the same fact: it is not asked about again.
asked AS (
    SELECT *, figure IS NOT NULL AND NOT has_remark AND coalesce(abs(shift_exponent) < 3.5, true)
        AND NOT (coalesce(previous_explained, false) AND accumulation <> 'ytd'
            AND coalesce(abs(figure - previous_value) <= 0.05 * abs(previous_value), false)) AS asks_why
    FROM measured
)
SELECT q.row_no, q.submission_id, q.unit, q.period, q.origin, q.sheet, q.row, q.item, q.item_kind, name, measure, accumulation,
    w.item_cell, w.unit_label, w.unit_label_cell, expected_unit_label, w.value_text, w.value_unit, w.value_cell,
    w.numerator_text, w.numerator_cell, w.denominator_text, w.denominator_cell, q.state, w.nil_text, w.nil_cell,
    w.remark, w.remark_cell, w.evidence, m.item_name, m.named_item,
    CASE WHEN coalesce(q.numerator_state, 'blank') = 'blank' THEN w.numerator_cell ELSE w.denominator_cell END AS missing_part_cell,
    first_item_cell, lower_limit, upper_limit, previous_value, last_year_value, earlier_value_this_year, last_value,
    previous_state, points, mean_value, median_value, reference_value, city_value, county_value, peer_low, peer_high,
    figure AS value, part_numerator AS numerator, part_denominator AS denominator,
    is_listed, is_owed, is_accepted, has_remark,
    CASE WHEN origin <> 'sent' THEN origin END AS absence,
    CASE WHEN origin = 'sent' THEN item_known END AS item_known,
    CASE WHEN origin = 'sent' AND q.item = '' THEN 'blank' END AS item_fault,
    CASE WHEN w.item_name <> '' AND item_known THEN m.named_item IS NULL END AS item_name_agrees,
    CASE WHEN origin = 'sent' AND item_known THEN is_listed END AS item_owned,
    -- A row copied word for word leaves no doubt: the first one counts.
    CASE WHEN origin = 'sent' THEN CASE WHEN d.is_copied AND w.item_cell = first_item_cell THEN 1 ELSE coalesce(d.item_count, 1) END END AS item_count,
    CASE WHEN d.is_copied THEN 'copied' ELSE 'differs' END AS repetition,
    CASE WHEN nullif(trim(w.unit_label), '') IS NOT NULL AND expected_unit_label IS NOT NULL
        THEN replace(replace(replace(w.unit_label, ' ', ''), '％', '%'), '　', '')
            = replace(replace(replace(expected_unit_label, ' ', ''), '％', '%'), '　', '') END AS unit_label_agrees,
    CASE WHEN measure <> 'state' AND q.value_state <> 'blank'
        THEN CASE q.value_state WHEN 'state' THEN 'text' ELSE q.value_state END END AS value_kind,
    CASE WHEN measure <> 'state' AND q.numerator_state <> 'blank' THEN q.numerator_state END AS numerator_kind,
    CASE WHEN measure <> 'state' AND q.denominator_state <> 'blank' THEN q.denominator_state END AS denominator_kind,
    CASE WHEN measure = 'state' AND origin = 'sent' AND (q.state IS NOT NULL OR q.value_state <> 'blank')
        THEN coalesce(q.state, 'unknown') END AS state_kind,
    -- Without the column nothing was left blank: what is told is the column.
    CASE WHEN origin = 'sent' AND w.value_cell <> '' AND is_owed AND q.item_kind = 'indicator' AND NOT is_accepted AND NOT coalesce(q.is_nil, false)
        THEN CASE WHEN measure = 'state' THEN q.state IS NOT NULL OR coalesce(q.value_state, 'blank') <> 'blank'
            ELSE coalesce(q.value_state, 'blank') <> 'blank' END END AS value_present,
    CASE WHEN origin = 'sent' AND w.value_cell <> '' AND is_owed AND q.item_kind <> 'indicator' AND NOT is_accepted
        THEN q.state IS NOT NULL OR coalesce(q.value_state, 'blank') <> 'blank' END AS progress_present,
    -- 零报告 beside a plain 0 says the same thing twice; beside any other figure it contradicts it.
    CASE WHEN q.is_nil THEN coalesce(figure, 0) = 0 AND coalesce(part_numerator, 0) = 0
        AND coalesce(q.value_state, 'blank') IN ('blank', 'number') END AS nil_consistent,
    CASE WHEN nullif(trim(w.nil_text), '') IS NOT NULL THEN q.is_nil OR trim(w.nil_text) IN ('否', '不是', '无') END AS nil_clear,
    -- Off the scale, but plausible when divided by 10^4: filled in 万元 for 亿元.
    CASE WHEN expected_unit_label LIKE '%亿%' AND figure > upper_limit AND figure / 10000 BETWEEN coalesce(lower_limit, 0) AND upper_limit
        THEN 'shift' END AS limit_fault,
    figure / 10000 AS shifted_value,
    CASE WHEN measure = 'count' THEN figure - round(figure) END AS count_fraction,
    CASE WHEN is_share THEN figure END AS share_value,
    CASE WHEN needs_parts AND figure IS NOT NULL AND NOT coalesce(q.is_nil, false)
        THEN coalesce(q.numerator_state, 'blank') <> 'blank' AND coalesce(q.denominator_state, 'blank') <> 'blank' END AS parts_present,
    CASE WHEN NOT needs_parts AND measure <> 'state'
            AND (coalesce(q.numerator_state, 'blank') <> 'blank' OR coalesce(q.denominator_state, 'blank') <> 'blank')
        THEN coalesce(q.numerator_state, 'blank') <> 'blank' AND coalesce(q.denominator_state, 'blank') <> 'blank' END AS parts_paired,
    CASE WHEN is_capacity THEN part_numerator END AS capped_numerator,
    CASE WHEN part_numerator IS NOT NULL THEN part_denominator END AS divisor,
    CASE WHEN measure = 'percent' THEN 100 * part_numerator / nullif(part_denominator, 0) END AS ratio_value,
    CASE WHEN measure = 'percent'
        THEN round(figure - 100 * part_numerator / nullif(part_denominator, 0), 6) END AS ratio_gap_pp,
    CASE WHEN accumulation = 'ytd' THEN earlier_value_this_year END AS ytd_floor,
    CASE WHEN accumulation = 'cumulative' AND NOT has_remark THEN last_value END AS cumulative_floor,
    CASE WHEN state_rank = 2 THEN has_evidence OR (q.item_kind = 'indicator' AND has_remark) END AS evidence_present,
    CASE WHEN NOT has_remark THEN state_rank - previous_state_rank END AS state_step,
    CASE WHEN q.item_kind <> 'indicator' AND state_rank > 0 THEN has_remark END AS progress_text_present,
    shift_exponent,
    -- A count of a few pieces doubles easily: below 5 pieces a change is no jump.
    CASE WHEN asks_why AND (accumulation <> 'ytd' OR cycle_quarters = 4) AND (measure <> 'count' OR abs(figure - previous_value) >= 5)
        THEN 100 * (figure - previous_value) / nullif(abs(previous_value), 0) END AS growth_quarter_pct,
    CASE WHEN asks_why AND (measure <> 'count' OR abs(figure - last_year_value) >= 5)
        THEN 100 * (figure - last_year_value) / nullif(abs(last_year_value), 0) END AS growth_year_pct,
    CASE WHEN asks_why AND points >= 5 AND spread > 1e-9 * greatest(1, abs(mean_value))
        THEN abs(figure - mean_value) / spread END AS z_score,
    CASE WHEN asks_why AND points >= 5 AND median_spread > 1e-9 * greatest(1, abs(median_value))
        THEN 0.6745 * abs(figure - median_value) / median_spread END AS modified_z_score,
    CASE WHEN asks_why AND accumulation = 'ytd' AND figure <> 0 THEN figure - previous_value END AS change_from_previous,
    CASE WHEN figure IS NOT NULL THEN city_gap_pct END AS city_gap_pct,
    CASE WHEN figure IS NOT NULL THEN peer_gap_pct END AS peer_gap_pct
FROM asked AS q
LEFT JOIN (SELECT rowid AS place, * FROM incoming_row SEMI JOIN judged USING (submission_id)) AS w ON w.place = q.place
LEFT JOIN misnamed AS m ON m.plan_hash = q.plan_hash AND m.item = q.item AND m.item_name = w.item_name
LEFT JOIN repeated AS d ON d.submission_id = q.submission_id AND d.item = q.item
UNION ALL BY NAME
SELECT (SELECT count(*) FROM listed) + row_number() OVER (ORDER BY submission_id, item) AS row_no, * FROM echoes
ORDER BY row_no
