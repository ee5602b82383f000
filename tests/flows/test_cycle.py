"""The main job, end to end: one quarter through the real workbooks, files, checks, warehouse and mail session."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from config.calendar import SHANGHAI
from flows import sample, steps
from flows.cli import group
from flows.office import Office, open_office

PERIOD = "2019-Q3"
OPENED = datetime(2019, 10, 8, 9, tzinfo=SHANGHAI)
COLLECTED = datetime(2019, 10, 16, 10, tzinfo=SHANGHAI)
REPORTED = datetime(2019, 10, 21, 9, tzinfo=SHANGHAI)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A home whose 59 generated workbooks were filled in by openpyxl, as a clerk's Excel would save them."""
    office = open_office(tmp_path_factory.mktemp("home"), trigger="test")
    steps.open_cycle(office, PERIOD, OPENED)
    for unit in office.config.units:
        fill(office, unit.code, sample.figures(office.config, unit.code, PERIOD))
    drop(office, "SWJ", "旧照片.jpg", b"\xff\xd8\xff\xe0" + bytes(200))
    drop(office, "不知名单位", "表.xlsx", b"PK\x03\x04" + bytes(50))
    steps.run_cycle(office, PERIOD, COLLECTED, send=True)
    return office


def fill(office: Office, unit: str, filled: dict[str, sample.Filled]) -> None:
    """Types values into the generated workbook's unlocked cells and drops it."""
    book = load_workbook(office.home.workbooks(PERIOD) / f"{unit}_{PERIOD}.xlsx")
    figures, progress = book["填报表"], book["工作进展"]
    heads = {c.value: c.column for c in figures[4]}
    for row in figures.iter_rows(min_row=5):
        f = filled.get(row[0].value)
        if f is not None:
            for name, value in (
                ("本期值", f.value),
                ("分子", f.numerator),
                ("分母", f.denominator),
                ("说明", f.remark or None),
            ):
                figures.cell(row[0].row, heads[name], value)
            # The sample writes the reason for a state's completion as evidence; the sheet has one column for words.
            if f.evidence:
                figures.cell(row[0].row, heads["说明"], f"{f.remark};{f.evidence}")
    head_row = next(r for r in progress.iter_rows() if r[0].value == "措施编码")
    columns = {c.value: c.column for c in head_row}
    for row in progress.iter_rows(min_row=head_row[0].row + 1):
        f = filled.get(row[0].value)
        if f is not None:
            for name, value in (("进展状态", f.value), ("进展说明", f.remark), ("佐证", f.evidence or None)):
                progress.cell(row[0].row, columns[name], value)
    path = office.home.inbox / unit / f"{unit}_{PERIOD}.xlsx"
    book.save(path)


def drop(office: Office, folder: str, name: str, body: bytes) -> None:
    target = office.home.inbox / folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body)


@pytest.fixture()
def mart(office: Office) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(office.home.snapshot), read_only=True) as con:
        con.execute("SET TimeZone = 'Asia/Shanghai'")
        yield con


def dump(office: Office) -> dict[str, list[tuple[Any, ...]]]:
    """Every mart view but the list of runs, in a stable order."""
    with duckdb.connect(str(office.home.snapshot), read_only=True) as con:
        con.execute("SET TimeZone = 'Asia/Shanghai'")
        names = [
            r[0]
            for r in con.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'mart'").fetchall()
        ]
        return {n: con.execute(f"FROM mart.{n} ORDER BY ALL").fetchall() for n in sorted(names) if n != "run"}


def test_every_unit_is_accepted(mart: duckdb.DuckDBPyConnection, office: Office) -> None:
    rows = mart.execute("SELECT unit, status FROM mart.submission WHERE period = ?", [PERIOD]).fetchall()
    good = {unit for unit, status in rows if status.startswith("accepted")}
    assert good == {u.code for u in office.config.units}
    rates = mart.execute(
        "SELECT max(completeness_pct), min(completeness_pct), max(timeliness_pct) FROM mart.reporting_rate"
    ).fetchone()
    assert rates == (100, 100, 100)


def test_attainment_equals_an_independent_calculation(
    mart: duckdb.DuckDBPyConnection, office: Office
) -> None:
    """Recomputed here from the values typed in, in plain Python by method.md, for every target kind."""
    config = office.config
    got = {
        (r[0], r[1]): r[2:]
        for r in mart.execute(
            "SELECT indicator, unit, actual, attainment_pct, met, progress_pct, light, expected_pct FROM mart.attainment WHERE period = ?",
            [PERIOD],
        ).fetchall()
    }
    kinds = set()
    for i in config.plan.indicators:
        typed = {u: sample.figures(config, u, PERIOD)[i.code] for u in i.reporters}
        kinds.add(str(i.target.kind))
        for unit in [config.plan.city, *(i.reporters if i.scope == "unit" else ())]:
            parts = list(typed.values()) if unit == config.plan.city else [typed[unit]]
            actual, attainment, met, progress, light, _ = got[i.code, unit]
            if i.target.kind == "milestone":
                assert actual is None and attainment is None
                assert met == all(p.value == "已完成" for p in parts)
                assert light == ("met" if met else "none")
                continue
            value = parts[0].value
            if len(parts) > 1:
                value = 100 * sum(p.numerator for p in parts) / sum(p.denominator for p in parts)
            assert actual == pytest.approx(value, abs=1e-9), i.code
            goal = {"at_most": i.target.high, "full_coverage": 100.0}.get(i.target.kind, i.target.low)
            if i.target.kind == "unspecified":
                assert (attainment, met, progress, light) == (None, None, None, "none")
            elif i.target.kind == "reduction":
                assert attainment == pytest.approx(100 * value / goal) and progress == pytest.approx(
                    100 * value / goal
                )
                assert met == (value >= goal)
            elif i.target.kind == "at_most":
                assert attainment is None and progress is None, "no baseline, nothing invented"
                assert met == (value <= goal)
            else:
                assert attainment == pytest.approx(100 * value / goal)
                assert progress is None, "no baseline, nothing invented"
                one = value > goal if i.target.strict else value >= goal
                if i.scope == "unit" and unit == config.plan.city:
                    one = all(p.value >= goal for p in parts)
                assert met == one
    assert kinds == {"at_least", "at_most", "range", "reduction", "full_coverage", "milestone", "unspecified"}


def test_foreign_and_unreadable_files_harm_nobody_and_are_named(office: Office) -> None:
    view = steps.status(office, PERIOD, REPORTED)
    held = {(h["unit"], h["file_name"]) for h in view["held"]}
    assert ("SWJ", "旧照片.jpg") in held
    assert ("", "不知名单位/表.xlsx") in held
    shown = CliRunner().invoke(group, ["status", "--home", str(office.home.root), "--period", PERIOD])
    assert shown.exit_code == 0 and "旧照片.jpg" in shown.output and "不知名单位/表.xlsx" in shown.output


def test_mails_are_real_messages_in_chinese(office: Office) -> None:
    mails = [
        email.message_from_bytes(p.read_bytes(), policy=email.policy.default)
        for p in office.home.outbox.glob("*.eml")
    ]
    receipts = [m for m in mails if "回执" in m["Subject"] and "已采用" in m["Subject"]]
    assert len(receipts) >= 59
    for m in mails:
        assert m.get_body(("html",)) is not None and m.get_body(("plain",)) is not None
        assert m["Message-ID"].endswith("@meizhou.example>")
    summaries = [m for m in mails if "通报" in m["Subject"]]
    assert {m["To"].addresses[0].addr_spec for m in summaries} == {
        "lingdao@meizhou.example",
        "tongchou@meizhou.example",
    }


def test_the_same_cycle_again_changes_nothing(office: Office) -> None:
    before, mails = dump(office), sorted(p.name for p in office.home.outbox.iterdir())
    result = steps.run_cycle(office, PERIOD, COLLECTED, send=True)
    assert result.collected.revisions == 0
    assert dump(office) == before
    assert sorted(p.name for p in office.home.outbox.iterdir()) == mails


def test_a_foreign_inbox_is_only_read_and_a_second_run_stays_silent(tmp_path: Path) -> None:
    office = open_office(tmp_path / "home", trigger="test")
    theirs = tmp_path / "theirs" / "441402"
    theirs.mkdir(parents=True)
    steps.open_cycle(office, PERIOD, OPENED)
    spec = (office.home.workbooks(PERIOD) / f"441402_{PERIOD}.xlsx").read_bytes()
    (theirs / "表.xlsx").write_bytes(spec)
    first = steps.run_cycle(office, PERIOD, COLLECTED, inbox=theirs.parent, send=True)
    assert first.collected.returned == 1 and (theirs / "表.xlsx").read_bytes() == spec
    before = dump(office)
    second = steps.run_cycle(office, PERIOD, COLLECTED, inbox=theirs.parent, send=True)
    assert not second.collected.lines and dump(office) == before


def test_opening_again_writes_what_is_missing_and_touches_nothing_else(tmp_path: Path) -> None:
    office = open_office(tmp_path / "home", trigger="test")
    first = steps.open_cycle(office, PERIOD, OPENED)
    place, folder = office.home.workbooks(PERIOD), office.home.inbox / "441402"
    lost, kept = place / f"441402_{PERIOD}.xlsx", place / f"441403_{PERIOD}.xlsx"
    body = lost.read_bytes()
    lost.unlink()
    folder.rmdir()
    kept.write_bytes(b"as the office left it")
    again = steps.open_cycle(office, PERIOD, OPENED)
    assert (again.workbooks, again.mails) == (first.workbooks, 0)
    assert lost.read_bytes() == body and folder.is_dir()
    assert kept.read_bytes() == b"as the office left it"


def test_reminders_go_to_those_who_owe_on_working_days_only(tmp_path: Path) -> None:
    office = open_office(tmp_path / "home", trigger="test")
    steps.open_cycle(office, PERIOD, OPENED)
    saturday = steps.remind(office, datetime(2019, 10, 19, 9, tzinfo=SHANGHAI), send=False)
    assert saturday.queued == 0 and "不是工作日" in saturday.lines[0]
    day_before = datetime(2019, 10, 17, 9, tzinfo=SHANGHAI)
    owing = {o.unit for o in office.config.obligations() if o.is_owed}
    assert steps.remind(office, day_before, send=False).queued == len(owing)
    assert steps.remind(office, day_before, send=False).queued == 0, "once a step whatever is rerun"
    make_up_day = datetime(2019, 10, 12, 9, tzinfo=SHANGHAI)  # a Saturday worked for National Day
    assert office.config.calendar.is_working_day(make_up_day.date())


def test_plan_lists_the_notice(tmp_path: Path) -> None:
    import json

    shown = CliRunner().invoke(group, ["plan", "--json", "--home", str(tmp_path)])
    counts = json.loads(shown.output)["counts"]
    assert (counts["domains"], counts["actions"], counts["safeguards"]) == (13, 41, 7)
    assert (
        counts["units"] >= 59
        and counts["quantified"] >= 30
        and counts["milestones"] >= 10
        and counts["unspecified"] >= 2
    )


def test_a_broken_register_is_one_line_and_exit_2(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "plan.yml").write_text("plan_id: x\nname: [\n", "utf-8")
    shown = CliRunner().invoke(group, ["plan", "--home", str(tmp_path)])
    assert shown.exit_code == 2
    assert (
        "plan.yml:" in shown.output
        and "Traceback" not in shown.output
        and len(shown.output.splitlines()) == 1
    )
