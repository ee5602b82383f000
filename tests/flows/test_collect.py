"""Collecting through the real drop folder: every file gets one answer, and nothing counts twice or by accident."""

from __future__ import annotations

import io
import os
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from drop_folder import COLLECTED, NEXT, OPENED, PERIOD, Desk, open_desk
from openpyxl import load_workbook

from checks import suites
from config.calendar import SHANGHAI
from flows import sample, steps
from flows.steps import deciding
from templates.formats import moment
from templates.workbook import Filled
from warehouse import attainment

LATER = COLLECTED + timedelta(hours=2)


@pytest.fixture()
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path / "home")


def an_amount(desk: Desk, unit: str) -> str:
    item = sample.first_item(desk.office.config, unit, measure="amount")
    assert item is not None
    return item


def test_every_kind_of_file_is_answered_once(desk: Desk) -> None:
    item = an_amount(desk, "SWJ")
    desk.drop("SWJ", "一.xlsx", desk.book("SWJ"))
    desk.drop("FGJ", "表.xlsx", desk.book("FGJ", {}))
    desk.drop("441402", "表.csv", sample.as_csv(desk.book("441402")))
    desk.drop("441402", "照片.jpg", b"\xff\xd8\xff\xe0" + bytes(200))
    desk.drop("谁的", "表.xlsx", desk.book("JXJ"))
    named = desk.book("JXJ", unit_name="某局")
    desk.drop("谁的", "无名.csv", sample.as_csv(named).replace(b"JXJ", b"ZZZ"))
    desk.drop("", "散落.xlsx", b"PK\x03\x04")
    result = desk.collect()
    assert (result.returned, result.quarantined) == (1, 4)
    assert result.accepted + result.accepted_with_warnings == 2
    desk.check_invariant()
    assert "已退回" in desk.text(desk.answers("FGJ")[0])
    (receipt,) = desk.answers("SWJ")
    assert item in {
        r[0]
        for r in desk.sql("SELECT indicator FROM mart.observation WHERE unit = 'SWJ' AND status = 'reported'")
    }
    assert "自收到时起计入" in desk.text(receipt)
    # A workbook in nobody's folder was read: its place is wrong. What could not be read is said to be so.
    coordinator = desk.office.config.contacts.coordinator.mail
    told = [desk.text(m) for m in desk.mails(recipient=coordinator, kind="alert")]
    assert sorted(("谁的/表.xlsx" in t or "无名.csv" in t, "未读取" in t) for t in told) == [
        (False, True), (False, True), (True, False), (True, False),
    ]  # fmt: skip
    # Nobody's folder: the coordinator is told, and the unit whose workbook lies there.
    assert [
        m["kind"]
        for m in desk.mails(recipient=desk.office.config.contacts.clerk("JXJ").mail)
        if m["kind"] != "opening"
    ] == ["alert"]
    assert not any((desk.office.home.inbox / "SWJ").iterdir())


def test_collecting_again_changes_nothing(desk: Desk) -> None:
    desk.drop("SWJ", "一.xlsx", desk.book("SWJ"))
    desk.collect()
    before = desk.sql("FROM mart.observation_history ORDER BY ALL"), desk.mails()
    again = desk.collect(LATER)
    assert again.lines == [] and again.revisions == 0
    assert (desk.sql("FROM mart.observation_history ORDER BY ALL"), desk.mails()) == before


def test_a_renamed_copy_and_the_same_file_again_are_answered_by_the_first_receipt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = desk.book("SWJ")
    for name in ("一.xlsx", "一 (2).xlsx"):
        desk.drop("SWJ", name, body)
    first = desk.collect()
    assert first.duplicates == 1
    desk.drop("SWJ", "一.xlsx", body, age=50)
    with monkeypatch.context() as patch:
        # Copies only: the check engine is neither imported nor asked; had it been, the batch would be unchecked.
        patch.setattr(suites, "engine", lambda: pytest.fail("the engine was started"))
        patch.setattr(suites, "validate", lambda *_: pytest.fail("a frame was validated"))
        assert desk.collect(LATER).duplicates == 1
    desk.check_invariant()
    number = first.lines[0]["receipt_no"]
    assert all(number in m["subject"] for m in desk.answers("SWJ")) and len(desk.answers("SWJ")) == 3
    assert (
        desk.sql(
            "SELECT count(*), max(revision) FROM mart.submission JOIN mart.observation USING (unit) WHERE unit = 'SWJ'"
        )[0][1]
        == 1
    )


def test_a_drop_larger_than_a_batch_is_settled_in_several_within_one_collection(desk: Desk) -> None:
    """Two of one unit are the oldest; of every folder the first comes before anybody's second."""
    config = desk.office.config
    few = config.settings.intake.model_copy(update={"batch_files": 2})
    desk.office = replace(
        desk.office, config=replace(config, settings=config.settings.model_copy(update={"intake": few}))
    )
    desk.drop("SWJ", "一.xlsx", desk.book("SWJ", {}), age=300)
    desk.drop("SWJ", "二.xlsx", desk.book("SWJ"), age=200)
    for unit in ("FGJ", "441402", "JXJ"):
        desk.drop(unit, "表.xlsx", desk.book(unit), age=100)
    result = desk.collect()
    assert len(result.lines) == 5 and result.returned == 1 and not result.waiting
    batches = desk.sql(
        "SELECT list_sort(list(s.unit)) FROM main.verdict v JOIN main.submission s USING (submission_id) "
        "JOIN mart.run r USING (run_id) WHERE r.outcome = 'done' AND v.status <> 'superseded' "
        "GROUP BY r.run_id, r.started_at ORDER BY r.started_at"
    )
    assert [units for (units,) in batches] == [["FGJ", "SWJ"], ["441402", "JXJ"], ["SWJ"]]
    desk.check_invariant()


def test_another_units_workbook_is_held_and_both_are_told(desk: Desk) -> None:
    body = desk.book("FGJ")
    desk.drop("SWJ", "表.xlsx", body)
    desk.drop("FGJ", "表.xlsx", body)
    result = desk.collect()
    assert result.quarantined == 1 and result.accepted + result.accepted_with_warnings == 1
    desk.check_invariant()
    (mine,) = desk.answers("SWJ")
    assert "投错文件夹" in mine["subject"]
    told = [m for m in desk.mails(unit="FGJ", kind="alert")]
    assert (
        len(told) == 1 and "出现在" in desk.text(told[0]) and "市发展和改革局" in desk.text(told[0]) or told
    )
    assert desk.sql("SELECT DISTINCT unit FROM mart.observation WHERE status <> 'missing'") == [("FGJ",)]
    coordinator = desk.office.config.contacts.coordinator.mail
    assert len([m for m in desk.mails(recipient=coordinator, kind="alert") if "投错" in m["subject"]]) == 1


def test_a_resubmission_supersedes_and_tells_the_difference(desk: Desk) -> None:
    item, filled = an_amount(desk, "SWJ"), desk.figures("SWJ")
    desk.drop("SWJ", "一.xlsx", desk.book("SWJ"))
    desk.collect()
    with desk.office.store() as store, store.transaction():
        attainment.compute(store, PERIOD, COLLECTED)
    old = filled[item].value
    new = {**filled, item: replace(filled[item], value=round(old * 1.1, 2))}
    desk.drop("SWJ", "二.xlsx", desk.book("SWJ", new))
    result = desk.collect(LATER)
    assert result.revisions == 1, "unchanged cells make no revision"
    desk.check_invariant()
    history = desk.sql(
        "SELECT revision, value, reason FROM mart.observation_history WHERE unit='SWJ' AND indicator=? ORDER BY 1",
        item,
    )
    assert history == [(1, old, "首报"), (2, round(old * 1.1, 2), "更正")]
    receipt = desk.text(desk.answers("SWJ")[-1])
    assert "（原" in receipt
    changes = [m for m in desk.mails(kind="alert") if "更正了1项" in m["subject"]]
    assert len(changes) == 1
    assert "改为" in desk.text(changes[0]) and item in desk.text(changes[0])


def test_all_figures_replaced_supersede_the_first_file(desk: Desk) -> None:
    unit = "441402"
    filled = desk.figures(unit)
    desk.drop(unit, "一.xlsx", desk.book(unit))
    desk.collect()
    new = {k: replace(f, remark=f.remark + "(修订)") for k, f in filled.items()}
    desk.drop(unit, "二.xlsx", desk.book(unit, new))
    desk.collect(LATER)
    status = dict(desk.sql("SELECT file_name, status FROM mart.submission"))
    assert status["一.xlsx"] == "superseded" and status["二.xlsx"].startswith("accepted")
    desk.check_invariant()


def test_a_partial_resubmission_touches_only_its_own_cells(desk: Desk) -> None:
    filled = desk.figures("SWJ")
    item = an_amount(desk, "SWJ")
    desk.drop("SWJ", "一.xlsx", desk.book("SWJ"))
    desk.collect()
    before = desk.sql(
        "SELECT indicator, value FROM mart.observation WHERE unit='SWJ' AND indicator <> ? ORDER BY 1", item
    )
    only = {item: replace(filled[item], value=filled[item].value + 1)}
    desk.drop("SWJ", "补.xlsx", desk.book("SWJ", only))
    result = desk.collect(LATER)
    assert result.revisions == 1 and not result.returned
    assert (
        desk.sql(
            "SELECT indicator, value FROM mart.observation WHERE unit='SWJ' AND indicator <> ? ORDER BY 1",
            item,
        )
        == before
    )


def test_good_cells_of_a_returned_file_count_and_its_correction_completes_it(desk: Desk) -> None:
    item, filled = an_amount(desk, "SWJ"), desk.figures("SWJ")
    desk.drop("SWJ", "一.xlsx", desk.book("SWJ", sample.with_text(filled, item, "约1000")))
    result = desk.collect()
    assert result.returned == 1 and result.revisions == len(filled) - 1
    (returned,) = (desk.office.home.returned(PERIOD)).glob("SWJ_*.xlsx")
    desk.drop("SWJ", "改.xlsx", desk.book("SWJ", filled))
    assert desk.collect(LATER).revisions == 1
    assert returned.exists()
    desk.check_invariant()


def test_last_quarters_workbook_names_what_is_owed_for_the_open_one(desk: Desk) -> None:
    item, filled = an_amount(desk, "SWJ"), desk.figures("SWJ")
    for unit in ("SWJ", "441424", "441402", "441403"):
        desk.drop(unit, "一.xlsx", desk.book(unit))
    desk.collect()
    assert not any("拿错" in desk.text(m) for m in desk.answers("SWJ"))
    january = datetime(2020, 1, 6, 9, tzinfo=SHANGHAI)
    steps.open_cycle(desk.office, NEXT, january)
    deciding.extend(desk.office, NEXT, "441424", january + timedelta(days=40), "统筹", "人员变动", january)
    new = {**filled, item: replace(filled[item], value=filled[item].value + 1, remark="统计口径核实")}
    theirs = desk.figures("441424")
    desk.drop("SWJ", "拿错.xlsx", desk.book("SWJ", new))
    desk.drop(
        "441424",
        "拿错.xlsx",
        desk.book("441424", sample.with_text(theirs, next(iter(theirs)), "约1000")),
    )
    desk.drop("441402", "正确.xlsx", desk.book("441402", period=NEXT))
    desk.drop("441403", "正确.xlsx", desk.book("441403", period=NEXT), age=300)
    desk.collect(january + timedelta(days=1))
    desk.drop("441403", "更正.xlsx", desk.book("441403", dict(list(desk.figures("441403").items())[1:])))
    desk.collect(january + timedelta(days=2))
    owed = Counter(
        row[0] for row in desk.sql("SELECT unit FROM main.obligation WHERE is_owed AND period = ?", NEXT)
    )
    due = dict(desk.sql("SELECT period, due_at FROM main.cycle"))[NEXT]
    for unit, deadline in (("SWJ", due), ("441424", january + timedelta(days=40))):
        told = desk.text(desk.answers(unit)[-1])
        assert "本文件按2019年第三季度的更正或补报处理；2019年第四季度正在报送" in told, unit
        assert f"仍欠{owed[unit]}项，{moment(deadline)}截止" in told, unit
    assert [m["kind"] for m in (desk.answers("SWJ")[-1], desk.answers("441424")[-1])] == ["receipt", "return"]
    # Neither a file of the open quarter nor a correction by whoever owes nothing for it says so.
    assert not any("拿错" in desk.text(m) for unit in ("441402", "441403") for m in desk.answers(unit))


def test_a_change_to_an_earlier_quarter_is_a_restatement_with_its_reason(desk: Desk) -> None:
    item, filled = an_amount(desk, "SWJ"), desk.figures("SWJ")
    desk.drop("SWJ", "一.xlsx", desk.book("SWJ"))
    desk.collect()
    january = datetime(2020, 1, 6, 9, tzinfo=SHANGHAI)
    steps.open_cycle(desk.office, NEXT, january)
    new = {**filled, item: replace(filled[item], value=filled[item].value + 1, remark="统计口径核实")}
    desk.drop("SWJ", "三季度更正.xlsx", desk.book("SWJ", new))
    assert desk.collect(january + timedelta(days=1)).revisions == 1
    reasons = desk.sql(
        "SELECT reason FROM mart.observation_history WHERE unit='SWJ' AND indicator=? ORDER BY revision", item
    )
    assert reasons == [("首报",), ("重述：统计口径核实",)]
    assert any("重述了1项" in m["subject"] for m in desk.mails(kind="alert"))


def test_nil_and_blank_stay_different_to_the_mart(desk: Desk) -> None:
    filled = desk.figures("SWJ")
    items = [i for i, f in filled.items() if i.startswith("I-") and isinstance(f.value, float)]
    nil, blank, zero = items[:3] if len(items) >= 3 else (items[0], items[1], items[-1])
    sent = {**sample.with_nil(filled, nil), blank: Filled(value="—")}
    desk.drop("SWJ", "一.xlsx", desk.book("SWJ", sent))
    desk.collect()
    got = {
        r[0]: r[1:]
        for r in desk.sql("SELECT indicator, status, value FROM mart.observation WHERE unit='SWJ'")
    }
    assert got[nil] == ("nil", None) or got[nil][0] == "nil"
    assert got[blank] == ("missing", None)
    assert zero


def test_an_explained_jump_is_not_asked_about_again(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "home", PERIOD)
    item, filled = "I-06", desk.figures("ZXJ")
    desk.drop("ZXJ", "一.xlsx", desk.book("ZXJ"))
    desk.collect()
    january = datetime(2020, 1, 6, 9, tzinfo=SHANGHAI)
    steps.open_cycle(desk.office, NEXT, january)
    fourth = desk.figures("ZXJ", NEXT)
    jump = replace(fourth[item], value=float(int(filled[item].value * 1.9)), remark="")
    desk.drop("ZXJ", "二.xlsx", desk.book("ZXJ", {**fourth, item: jump}, NEXT))
    asked = desk.collect(january)
    assert asked.accepted_with_warnings == 1
    desk.drop(
        "ZXJ", "三.xlsx", desk.book("ZXJ", {**fourth, item: replace(jump, remark="新建项目投产")}, NEXT)
    )
    desk.collect(january + timedelta(hours=3))
    told = desk.sql(
        "SELECT rule FROM mart.finding JOIN mart.submission USING (submission_id) "
        "WHERE file_name = '三.xlsx' AND indicator = ? AND severity = 'warning'",
        item,
    )
    assert told == []
    remark = desk.sql(
        "SELECT remark FROM mart.observation WHERE unit='ZXJ' AND indicator=? AND period=?", item, NEXT
    )
    assert remark == [("新建项目投产",)]


def test_unfinished_files_wait(desk: Desk) -> None:
    body = desk.book("SWJ")
    inbox = desk.office.home.inbox / "SWJ"
    for name in ("~$一.xlsx", ".~一.xlsx", "一.xlsx.tmp", "一.xlsx.part", "一.crdownload"):
        (inbox / name).write_bytes(body)
    slow = inbox / "正在写.xlsx"
    done = Event()

    def write() -> None:
        with slow.open("wb") as out:
            for at in range(0, len(body), 400):
                out.write(body[at : at + 400])
                out.flush()
                done.wait(0.1)

    writer = Thread(target=write)
    writer.start()
    try:
        result = desk.collect()
    finally:
        done.set()
        writer.join()
    assert result.lines == [] and result.waiting == ["SWJ/正在写.xlsx"]
    os.utime(slow, (time.time() - 10,) * 2)
    assert [x["file_name"] for x in desk.collect(LATER).lines] == ["正在写.xlsx"]
    assert len(list(inbox.iterdir())) == 5


def test_a_file_for_no_open_quarter_is_returned(desk: Desk) -> None:
    desk.drop("SWJ", "早了.xlsx", desk.book("SWJ", desk.figures("SWJ", NEXT), NEXT))
    result = desk.collect()
    assert result.returned == 1
    desk.check_invariant()
    assert OPENED < COLLECTED


def without_definitions(book: bytes) -> bytes:
    """The same sheet as version 0 had it: no column 口径."""
    loaded = load_workbook(io.BytesIO(book))
    loaded["填报表"].delete_cols(4)
    loaded["_meta"]["B1"] = "0"
    out = io.BytesIO()
    loaded.save(out)
    return out.getvalue()


def findings(desk: Desk, file_name: str) -> list[tuple[str, str, str]]:
    return [
        (str(a), str(b), str(c))
        for a, b, c in desk.sql(
            "SELECT severity, rule, message FROM mart.finding JOIN mart.submission USING (submission_id) "
            "WHERE file_name = ? ORDER BY 1, 2",
            file_name,
        )
    ]


def test_an_older_template_is_migrated_and_a_newer_one_is_named(desk: Desk) -> None:
    desk.drop("SWJ", "旧.xlsx", without_definitions(desk.book("SWJ")))
    desk.drop("JXJ", "新.xlsx", desk.book("JXJ", template_version="9"))
    result = desk.collect()
    assert (result.accepted, result.accepted_with_warnings) == (2, 0)
    ((severity, rule, message),) = findings(desk, "旧.xlsx")
    assert (severity, rule) == ("info", "layout") and "没有“口径”栏" in message and "旧版" in message
    ((severity, rule, message),) = findings(desk, "新.xlsx")
    assert (severity, rule) == ("info", "template_differs") and "9" in message
    current = open_desk(desk.office.home.root.parent / "current")
    current.drop("SWJ", "今.xlsx", current.book("SWJ"))
    current.collect()
    figures = "SELECT indicator, status, value, numerator, denominator, state FROM mart.observation WHERE unit = 'SWJ' ORDER BY 1"
    assert desk.sql(figures) == current.sql(figures)


def test_a_repeated_column_is_returned_with_one_finding(desk: Desk) -> None:
    loaded = load_workbook(io.BytesIO(desk.book("SWJ")))
    loaded["填报表"]["L4"] = "本期值"
    out = io.BytesIO()
    loaded.save(out)
    desk.drop("SWJ", "两栏.xlsx", out.getvalue())
    assert desk.collect().returned == 1
    errors = [m for s, _, m in findings(desk, "两栏.xlsx") if s == "error"]
    assert len(errors) == 1 and "本期值" in errors[0] and "两次" in errors[0]


@pytest.mark.parametrize(
    ("sheet", "place", "column"), [("填报表", "G4", "本期值"), ("工作进展", "D4", "进展状态")]
)
def test_a_renamed_column_is_returned_with_one_finding(
    desk: Desk, sheet: str, place: str, column: str
) -> None:
    loaded = load_workbook(io.BytesIO(desk.book("SWJ")))
    assert loaded[sheet][place].value == column
    loaded[sheet][place] = f"{column}(新)x"
    out = io.BytesIO()
    loaded.save(out)
    desk.drop("SWJ", "改名.xlsx", out.getvalue())
    assert desk.collect().returned == 1
    errors = [(rule, m) for s, rule, m in findings(desk, "改名.xlsx") if s == "error"]
    assert [rule for rule, _ in errors] == ["layout"] and column in errors[0][1]


def test_a_sheet_named_with_a_blank_is_marked_in_the_return(desk: Desk) -> None:
    item = an_amount(desk, "SWJ")
    loaded = load_workbook(
        io.BytesIO(desk.book("SWJ", sample.with_text(desk.figures("SWJ"), item, "约1000")))
    )
    loaded["填报表"].title = " 填报表"
    out = io.BytesIO()
    loaded.save(out)
    desk.drop("SWJ", "空格.xlsx", out.getvalue())
    assert desk.collect().returned == 1
    (path,) = desk.office.home.returned(PERIOD).iterdir()
    returned = load_workbook(path)
    marked = [cell.coordinate for row in returned[" 填报表"] for cell in row if cell.comment]
    link = next(cell.hyperlink for row in returned["校验结果"] for cell in row if cell.hyperlink)
    assert len(marked) == 1 and link.location == f"' 填报表'!{marked[0]}"


def test_a_progress_sheet_of_another_unit_is_returned_and_counts_for_nobody(desk: Desk) -> None:
    loaded = load_workbook(io.BytesIO(desk.book("SWJ")))
    loaded["工作进展"]["B2"], loaded["工作进展"]["D2"] = "市科学技术局", "KJJ"
    out = io.BytesIO()
    loaded.save(out)
    desk.drop("SWJ", "拼的.xlsx", out.getvalue())
    assert desk.collect().returned == 1
    ((severity, rule, message),) = findings(desk, "拼的.xlsx")
    assert (severity, rule) == ("error", "layout") and "市科学技术局" in message and "不一致" in message
    assert desk.sql("SELECT 1 FROM mart.observation WHERE status = 'reported'") == []
    (path,) = desk.office.home.returned(PERIOD).iterdir()
    assert load_workbook(path)["工作进展"]["B2"].comment is not None
