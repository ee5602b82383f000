"""Every rule has a file that breaks it and one that keeps it, judged in one real validation of the batch."""

# ruff: noqa: E501 (a table of cases reads better unbroken)
from __future__ import annotations

from string import Formatter
from typing import Any

import pytest
from batches import CONFIG, PERIOD, Upload, observe

from checks.findings import Finding, Severity
from checks.messages import catalogue
from checks.rules import load_rules
from checks.run import Judgement, judge
from warehouse.checking import prepare
from warehouse.intake.layout import BELOW_END
from warehouse.intake.reading import Claim, HeldReason, LayoutProblem
from warehouse.store import Store


def text(state: str, shown: str, part: str = "value") -> dict[str, Any]:
    return {part: None, f"{part}_state": state, f"{part}_text": shown}


def rows(
    name: str, change: dict[str, Any], *expected: tuple[str, str], **more: Any
) -> tuple[Upload, set[tuple[str, str]]]:
    return Upload(name, change, **more), set(expected)


# Breaks exactly these (rule, cell); the rows are I-01 in row 5 ... I-06 in row 10, I-09 in row 11, A-0101 in row 5.
CASES = [
    rows("good", {}),
    rows("unknown code", {}, ("unknown_item", "A12"), extra=[("X-99", {"value": 1})]),
    rows("other unit's code", {}, ("not_owned", "A12"), extra=[("I-07", {"value": 1})]),
    rows("code twice", {}, ("duplicate_item", "A5"), ("duplicate_item", "A12"), extra=[("I-01", {"value": 108})]),
    rows("row copied", {}, ("duplicate_item", "A12"), extra=[("I-01", {"value": 107})]),
    rows("codes swapped", {"I-01": {"item_name": "指标I-09"}, "I-09": {"item_name": "指标I-01"}}, ("item_name_differs", "A5"), ("item_name_differs", "A11")),
    rows("codes moved down", {f"I-0{n}": {"item_name": f"指标I-0{n + 1}"} for n in range(1, 4)}, ("item_name_differs", "A5:A7")),
    rows("action's code", {"A-0101": {"item_name": "指标I-01"}}, ("item_name_differs", "A5")),
    rows("other name wide", {"I-01": {"item_name": "指 标 Ｉ－０９\u200b"}}, ("item_name_differs", "A5")),
    rows("own name wide", {"I-01": {"item_name": "指 标 Ｉ－０１\u200b"}}),
    rows("name edited", {"I-01": {"item_name": "指标I-09（新）"}, "I-02": {"item_name": ""}, "I-03": {"item_name": "Share"}}),
    rows("other unit's code on own row", {"I-01": None}, ("item_name_differs", "A11"), ("row_absent", ""), extra=[("I-07", {"value": 107, "item_name": "指标I-01"})]),
    rows("code over another's", {}, ("duplicate_item", "A5"), ("duplicate_item", "A12"), ("item_name_differs", "A12"), extra=[("I-01", {"value": 107, "item_name": "指标I-09"})]),
    rows("row left out", {"I-06": None}, ("row_absent", "")),
    rows("sheet left out", {"A-0101": None}, ("row_absent", "")),
    rows("unit label", {"I-01": {"unit_label": "万元"}}, ("unit_label_differs", "C5")),
    rows("unit label wide", {"I-06": {"unit_label": " % "}}),
    rows("text", {"I-01": text("text", "较多")}, ("value_unreadable", "G5")),
    rows("ambiguous", {"I-01": text("ambiguous", "约1000")}, ("value_unreadable", "G5")),
    rows("wrong unit", {"I-01": text("wrong_unit", "5吨")}, ("value_unreadable", "G5")),
    rows("error cell", {"I-01": text("error", "#DIV/0!")}, ("value_unreadable", "G5")),
    rows("formula", {"I-01": text("formula", "=A1")}, ("value_unreadable", "G5")),
    rows("state for figure", {"I-01": {"state": "已完成"}}, ("value_unreadable", "G5"), ("evidence_missing", "G5")),
    rows("numerator", {"I-03": text("text", "七十三", "numerator")}, ("numerator_unreadable", "H7")),
    rows("denominator", {"I-03": text("ambiguous", "1,23", "denominator")}, ("denominator_unreadable", "I7")),
    rows("blank", {"I-01": {"value": None}}, ("value_missing", "G5")),
    rows("blank state", {"I-05": {"state": None}}, ("value_missing", "G9")),
    rows("nil", {"I-02": {"value": None, "nil_text": "是"}}),
    rows("nil and zero", {"I-06": {"value": 0, "nil_text": "是"}}),
    rows("nil and figure", {"I-02": {"nil_text": "是"}}, ("nil_contradicted", "J6")),
    rows("nil and parts", {"I-03": {"value": None, "nil_text": "是"}}, ("nil_contradicted", "J7")),
    rows("nil and words", {"I-01": {**text("text", "若干"), "nil_text": "是"}}, ("nil_contradicted", "J5"), ("value_unreadable", "G5")),
    rows("nil maybe", {"I-02": {"nil_text": "也许"}}, ("nil_unclear", "J6")),
    rows("nil no", {"I-02": {"nil_text": "否"}}),
    rows("no progress", {"A-0101": {"state": None}}, ("progress_missing", "D5")),
    rows("state words", {"I-05": {"state": None, **text("text", "差不多了")}}, ("state_unknown", "G9")),
    rows("half a firm", {"I-02": {"value": 11.5}}, ("count_not_whole", "G6")),
    rows("negative count", {"I-02": {"value": -1, "remark": "更正"}}, ("below_limit", "G6")),
    rows("over 100", {"I-03": {"value": 120, "numerator": 120, "denominator": 100}},
         ("percent_range", "G7"), ("numerator_above_denominator", "H7")),
    rows("below limit", {"I-06": {"value": -60}}, ("below_limit", "G10")),
    rows("at limit", {"I-06": {"value": 500}}),
    rows("above limit", {"I-06": {"value": 501}}, ("above_limit", "G10")),
    rows("no numerator", {"I-03": {"numerator": None}}, ("parts_missing", "H7")),
    rows("no denominator", {"I-03": {"denominator": None}}, ("parts_missing", "I7")),
    rows("one part", {"I-01": {"numerator": 3}}, ("parts_unpaired", "I5")),
    rows("both parts", {"I-06": {"numerator": 6, "denominator": 5}}),
    rows("divided by zero", {"I-03": {"numerator": 0, "denominator": 0}}, ("denominator_zero", "I7")),
    rows("ratio off", {"I-03": {"value": 75}}, ("ratio_differs", "G7")),
    rows("ratio rounded", {"I-03": {"value": 73.05}}),
    rows("ytd falls", {"I-04": {"value": 23}}, ("ytd_falls", "G8")),
    rows("ytd unchanged", {"I-04": {"value": 24}}, ("unchanged", "G8")),
    rows("ytd unchanged, said why", {"I-04": {"value": 24, "remark": "本季无新增"}}),
    rows("cumulative falls", {"I-02": {"value": 9}}, ("cumulative_falls", "G6")),
    rows("cumulative falls, said why", {"I-02": {"value": 9, "remark": "注销1家"}}),
    rows("done without evidence", {"I-05": {"state": "已完成"}}, ("evidence_missing", "G9")),
    rows("done, said where", {"I-05": {"state": "已完成", "remark": "梅市府办函3号"}}),
    rows("action done, no evidence", {"A-0101": {"state": "已完成"}}, ("evidence_missing", "D5")),
    rows("action done", {"A-0101": {"state": "已完成", "evidence": "验收报告"}}),
    rows("state back", {"I-05": {"state": "未启动"}}, ("state_backwards", "G9")),
    rows("state back, said why", {"I-05": {"state": "未启动", "remark": "项目取消"}}),
    rows("no words", {"A-0101": {"remark": ""}}, ("progress_text_missing", "E5")),
    rows("万元 for 亿元", {"I-01": {"value": 1070000}}, ("magnitude_shift", "G5")),
    rows("jump", {"I-01": {"value": 170}}, ("jump_quarter", "G5")),
    rows("jump, said why", {"I-01": {"value": 170, "remark": "新企业投产"}}),
    rows("jump on the year", {"I-04": {"value": 50}}, ("jump_year", "G8")),
    rows("z", {"I-01": {"value": 111}}, ("outlier_z", "G5")),
    rows("modified z", {"I-09": {"value": 130}}, ("outlier_modified_z", "G11")),
    # files
    rows("held", {}, ("held", ""), reading={"held": HeldReason.ENCRYPTED}),
    rows("wrong folder", {}, ("unit_mismatch", "D2"), resolved={"code_unit": "FGJ"}),
    rows("wrong name", {}, ("unit_mismatch", "B2"), resolved={"name_unit": "FGJ"}),
    rows("nobody", {}, ("unit_unknown", "D2"), resolved={"name_unit": None, "code_unit": None}),
    rows("no unit", {}, ("unit_unstated", ""), resolved={"name_unit": None, "code_unit": None},
         reading={"unit_name": Claim(), "unit_code": Claim()}),
    rows("no period", {}, ("period_unstated", ""), reading={"period": Claim()}),
    rows("closed period", {}, ("period_not_open", "F2"), period="2031-Q1"),
    rows("unreadable period", {}, ("period_not_open", "F2"), period=None, reading={"period": Claim("三季度", "填报表", "F2")}),
    rows("no period at all", {}, ("period_not_open", ""), period=None, reading={"period": Claim()}),
    rows("nobody's folder", {"I-01": {"value": 1}}, ("unit_mismatch", "D2"), unit="", reading={"unit_code": Claim("JXJ", "填报表", "D2")}, resolved={"name_unit": "JXJ", "code_unit": "JXJ"}),
    rows("no rows", {}, ("file_empty", ""), reading={"rows": []}),
    rows("layout", {}, ("layout", "A4"), reading={"problems": (LayoutProblem("column_missing", "填报表", "A4", "本期值"),)}),
    rows("cut workbook", {}, ("layout", ""), reading={"problems": (LayoutProblem("end_row_missing", "填报表"),)}),
    rows("cut csv", {}, ("layout", ""), reading={"kind": "csv", "rows": [], "problems": (LayoutProblem("end_row_missing", "填报表"),)}),
    rows("note below the end of a csv", {}, ("layout", "A12"), reading={"kind": "csv", "problems": (LayoutProblem("rows_mismatch", "填报表", "A12", BELOW_END),)}),
    rows("minor column", {}, ("layout", "A4"), reading={"problems": (LayoutProblem("column_missing", "填报表", "A4", "口径"),)}),
    rows("no code", {}, ("unknown_item", "A12"), ("unknown_item", "A13"), extra=[("", {"value": 1}), ("", {"value": 2})]),
    rows("old template", {}, ("layout", ""), reading={"problems": (LayoutProblem("template_old", value="0"),)}),
    rows("other plan", {}, ("plan_differs", ""), reading={"plan_hash": "p0"}),
    rows("other template", {}, ("template_differs", ""), reading={"template_version": "0"}),
    # other units, each pair in its own period
    rows("city", {"I-07": {"value": 100}, "I-08": {"value": 5}, "I-10": {"value": 80, "numerator": 8, "denominator": 10}},
         ("city_differs", "G5"), ("units_disagree", "G6"), ("city_differs", "G7"), ("period_differs", "F2"), unit="SWJ", period="2020-Q1"),
    rows("county one", {"I-07": {"value": 40}, "I-10": {"value": 50, "numerator": 1, "denominator": 2}},
         ("city_differs", "G5"), ("city_differs", "G6"), ("period_differs", "F2"), unit="441402", period="2020-Q1"),
    rows("county two", {"I-07": {"value": 40}, "I-10": {"value": 75, "numerator": 6, "denominator": 8}},
         ("city_differs", "G5"), ("city_differs", "G6"), ("period_differs", "F2"), unit="441403", period="2020-Q1"),
    rows("peer", {"I-08": {"value": 6}, "I-11": {"value": 5}}, ("units_disagree", "G5"), ("period_differs", "F2"), unit="FGJ", period="2020-Q1"),
    rows("city agrees", {"I-07": {"value": 100}, "I-08": {"value": 5}, "I-10": {"value": 70, "numerator": 7, "denominator": 10}},
         ("period_differs", "F2"), unit="SWJ", period="2020-Q2"),
    rows("county one agrees", {"I-07": {"value": 60.5}, "I-10": {"value": 50, "numerator": 1, "denominator": 2}},
         ("period_differs", "F2"), unit="441402", period="2020-Q2"),
    rows("county two agrees", {"I-07": {"value": 40}, "I-10": {"value": 75, "numerator": 6, "denominator": 8}},
         ("period_differs", "F2"), unit="441403", period="2020-Q2"),
    rows("peer agrees", {"I-08": {"value": 5}, "I-11": {"value": 5}}, ("period_differs", "F2"), unit="FGJ", period="2020-Q2"),
    # accepted before: what is left blank or out of a partial correction is not owed again
    rows("partial correction", {"I-08": {"value": None}, "I-11": {"value": 5}}, unit="FGJ"),
    rows("off the scale in 万元", {"I-11": {"value": 60000}}, ("above_limit", "G5"), unit="FGJ"),
    rows("off the scale", {"I-11": {"value": 6e7}}, ("above_limit", "G5"), unit="FGJ"),
    rows("three blanks", {i: {"value": None} for i in ("I-01", "I-02", "I-04")} | {"I-03": {"value": None, "numerator": None, "denominator": None}},
         ("value_missing", "G5:G8")),
]  # fmt: skip


@pytest.fixture(scope="module")
def judgement(store: Store) -> Judgement:
    observe(store, "FGJ", "I-08", PERIOD, 5)
    uploads = [upload for upload, _ in CASES]
    frames = prepare(
        store,
        [u.submission() for u in uploads],
        [u.as_reading() for u in uploads],
        period=PERIOD,
        template_version="1",
    )
    return judge(*frames, CONFIG)


def of(judgement: Judgement, case: str) -> list[Finding]:
    return [f for f in judgement.findings if f.submission_id == case]


@pytest.mark.parametrize(("upload", "expected"), CASES, ids=lambda c: c.name if isinstance(c, Upload) else "")
def test_exactly_the_broken_rule_at_exactly_its_cell(
    judgement: Judgement, upload: Upload, expected: set[Any]
) -> None:
    assert {(f.rule, f.cell) for f in of(judgement, upload.name)} == expected


def test_every_rule_is_broken_and_kept_somewhere(judgement: Judgement) -> None:
    assert not judgement.not_checked, judgement.errors
    runs = {run.rule: run for run in judgement.rules}
    assert list(runs) == [rule.rule for rule in load_rules()]
    for run in runs.values():
        assert run.state == "checked"
        assert 0 < run.rows_failed < run.rows_checked, run
        assert run.engine.startswith("great_expectations 1.")


def test_disabling_any_rule_fails_a_case() -> None:
    assert {rule for _, expected in CASES for rule, _ in expected} == {rule.rule for rule in load_rules()}


def test_messages_are_chinese_without_holes(judgement: Judgement) -> None:
    for finding in judgement.findings:
        assert finding.message.endswith("。")
        assert not any(hole in finding.message for hole in ("nan", "None", "{", "}", "（空）")), finding


def test_what_is_said_names_the_cause(judgement: Judgement) -> None:
    said = [f.message for f in judgement.findings if f.rule == "nil_contradicted"]
    assert any("又填了分子“" in m and "、分母“" in m and "本期值" not in m for m in said), said
    assert any("又填了本期值“若干”，" in m for m in said), said
    nobody = [f.message for f in judgement.findings if f.rule == "unit_mismatch"]
    assert any(m.startswith("投递文件夹不属于任何单位") for m in nobody), nobody
    (below,) = [f for f in judgement.findings if f.rule == "layout" and "表尾之后" in f.message]
    assert str(below.severity) == "warning"


def test_every_placeholder_is_a_column(store: Store) -> None:
    made = {"rows": {"shown", "names", "shift_times", "filled"}, "files": {"shown"}}
    columns = {k: set(frame.columns) | made[k] for k, frame in zip(made, prepare(store, [], []), strict=True)}
    frames = {rule.rule: rule.frame for rule in load_rules()}
    for key, template in catalogue().items():
        fields = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        assert fields <= columns[frames[key.split(".")[0]]], key
    for rule in load_rules():
        assert set(rule.reads) <= columns[rule.frame], rule.rule
        assert rule.value is None or rule.value in columns[rule.frame], rule.rule
        assert rule.cell is None or f"{rule.cell}_cell" in columns[rule.frame], rule.rule
        assert rule.variant is None or rule.variant in columns[rule.frame], rule.rule


def test_catalogue_has_each_rule_and_nothing_else() -> None:
    names = {rule.rule for rule in load_rules()}
    assert {key.split(".")[0] for key in catalogue()} == names
    for reason in HeldReason:
        assert f"held.{reason}" in catalogue()


def test_severities_follow_the_ladder(judgement: Judgement) -> None:
    assert {f.severity for f in of(judgement, "row left out")} == {Severity.ERROR}
    assert {f.severity for f in of(judgement, "sheet left out")} == {Severity.WARNING}
    assert {f.severity for f in of(judgement, "old template")} == {Severity.INFO}
    assert {f.severity for f in of(judgement, "cut csv")} == {Severity.ERROR}
    assert {f.severity for f in of(judgement, "cut workbook")} == {Severity.WARNING}
    assert {f.severity for f in of(judgement, "minor column")} == {Severity.WARNING}
    assert {f.severity for f in of(judgement, "jump")} == {Severity.WARNING}


def test_only_the_wrong_rows_are_rejected(judgement: Judgement) -> None:
    assert ("blank", "填报表", 5) in judgement.rejected()
    assert {r for r in judgement.rejected() if r[0] in ("good", "jump", "z")} == set()
    assert {r for s, _, r in judgement.rejected() if s == "three blanks"} == {5, 6, 7, 8}
    assert {"held", "wrong folder", "layout", "no rows"} <= judgement.refused()
    assert "blank" not in judgement.refused()


def test_a_run_of_blanks_is_one_finding_naming_all(judgement: Judgement) -> None:
    (found,) = of(judgement, "three blanks")
    assert found.items == ("I-01", "I-02", "I-03", "I-04")
    assert found.cells == ("G5", "G6", "G7", "G8")
    assert "指标I-01、指标I-02" in found.message


def test_messages_say_what_was_found(judgement: Judgement) -> None:
    said = {
        case: " ".join(f.message for f in of(judgement, case))
        for case in (
            "jump",
            "万元 for 亿元",
            "error cell",
            "state back",
            "off the scale",
            "off the scale in 万元",
            "codes swapped",
        )
    }
    assert (
        "编码“I-01”登记的名称是“指标I-01”，本行名称却是“指标I-09”，那是编码“I-09”的名称"
        in said["codes swapped"]
    )
    assert "比上季106变动+60.4%" in said["jump"]
    assert "偏大约1万倍" in said["万元 for 亿元"]
    assert "可能是按万元填写（如是，应填6）" in said["off the scale in 万元"]
    assert "万元" not in said["off the scale"]
    assert "#DIV/0!" in said["error cell"]
    assert "上次已报“推进中”，本期改为“未启动”" in said["state back"]
