-- One row per file (problem_no 0) and one per layout problem of it; NULL where a rule does not apply
WITH cycle_plan AS (
    SELECT period, arg_max(plan_hash, opened_at) AS plan_hash FROM cycle GROUP BY period
)
SELECT row_number() OVER (ORDER BY s.submission_id) AS row_no,
    s.submission_id, s.unit, s.period, 0 AS problem_no, s.held_reason, s.held_detail,
    NULL::VARCHAR AS problem_code, NULL::VARCHAR AS problem_sheet, NULL::VARCHAR AS problem_cell, NULL::VARCHAR AS problem_value,
    coalesce(nullif(s.name_claim, ''), nullif(s.code_claim, '')) AS unit_claim, s.unit_sheet, s.unit_cell,
    coalesce(own.name, nullif(s.unit, ''), '不属于任何单位') AS unit_name,
    CASE WHEN coalesce(s.unit, '') = '' THEN 'nobody' END AS folder_fault,
    -- A file in the wrong folder is the graver fault: it is named even where the other claim agrees.
    CASE WHEN s.held_reason IS NULL AND (s.name_unit IS NOT NULL OR s.code_unit IS NOT NULL)
        THEN coalesce(s.name_unit, s.unit) = s.unit AND coalesce(s.code_unit, s.unit) = s.unit END AS unit_agrees,
    CASE WHEN s.held_reason IS NULL AND coalesce(nullif(s.name_claim, ''), nullif(s.code_claim, '')) IS NOT NULL
        THEN s.name_unit IS NOT NULL OR s.code_unit IS NOT NULL END AS unit_known,
    CASE WHEN s.held_reason IS NULL
        THEN coalesce(nullif(s.name_claim, ''), nullif(s.code_claim, '')) IS NOT NULL END AS unit_stated,
    nullif(s.period_claim, '') AS period_claim, s.period_sheet, s.period_cell,
    CASE WHEN s.held_reason IS NULL AND s.period IS NOT NULL
        THEN nullif(s.period_claim, '') IS NOT NULL END AS period_stated,
    CASE WHEN s.held_reason IS NULL THEN c.period IS NOT NULL END AS period_open,
    CASE WHEN nullif(s.period_claim, '') IS NULL THEN 'unstated' END AS period_fault,
    CASE WHEN s.held_reason IS NULL AND c.period IS NOT NULL AND $period <> '' THEN s.period = $period END AS period_current,
    $period AS current_period,
    CASE WHEN s.held_reason IS NULL AND c.period IS NOT NULL AND s.plan_hash <> ''
        THEN s.plan_hash = c.plan_hash END AS plan_agrees,
    CASE WHEN s.held_reason IS NULL AND s.template_version <> '' AND $template_version <> ''
        THEN s.template_version = $template_version END AS template_agrees,
    s.template_version, $template_version AS current_template,
    -- A layout problem explains an empty file better than its emptiness.
    CASE WHEN s.held_reason IS NULL AND s.submission_id NOT IN (SELECT submission_id FROM incoming_problem)
        THEN s.row_count END AS row_count
FROM incoming_submission AS s
LEFT JOIN cycle_plan AS c ON c.period = s.period
LEFT JOIN unit AS own ON own.unit = s.unit
    AND own.plan_hash = coalesce(c.plan_hash, (SELECT arg_max(plan_hash, opened_at) FROM cycle))
UNION ALL BY NAME
SELECT (SELECT count(*) FROM incoming_submission) + row_number() OVER (ORDER BY p.submission_id, p.problem_no) AS row_no,
    p.submission_id, s.unit, s.period, p.problem_no,
    -- A workbook is complete by its checksums, a text file only by its end row; a note below that cuts nothing off.
    -- And not every column is needed.
    CASE WHEN p.code IN ('end_row_missing', 'rows_mismatch') AND (s.file_kind <> 'csv' OR p.value = '表尾之后还有内容') THEN p.code || '_book'
        WHEN p.code = 'column_missing' AND p.value NOT IN ('指标编码', '本期值', '措施编码', '进展状态') THEN 'column_missing_minor'
        ELSE p.code END AS problem_code, p.sheet AS problem_sheet, p.cell AS problem_cell, p.value AS problem_value
FROM incoming_problem AS p
JOIN incoming_submission AS s USING (submission_id)
ORDER BY row_no
