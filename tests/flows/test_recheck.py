"""After a change of a threshold the archive is judged again, and only whose verdict changed hears of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from drop_folder import COLLECTED, PERIOD, Desk, open_desk

from checks.rules import rules_version
from flows import sample
from flows.office import open_office
from flows.steps import deciding
from flows.steps.collecting import NotChecked
from flows.steps.rechecking import RecheckResult, recheck

LATER = COLLECTED + timedelta(days=1)


@pytest.fixture()
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path / "home")


def with_threshold(desk: Desk, name: str, value: float) -> Desk:
    """The same home under a settings.yml with one threshold changed."""
    text = files("config").joinpath("settings.yml").read_text("utf-8")
    old = getattr(desk.office.config.settings.checks, name)
    lines = [
        f"  {name}: {value}" if line.strip().startswith(f"{name}:") else line for line in text.splitlines()
    ]
    assert old != value
    (desk.office.home.config / "settings.yml").write_text("\n".join(lines), "utf-8")
    return replace(desk, office=open_office(desk.office.home.root, trigger="test"))


def a_ratio(desk: Desk) -> tuple[str, str]:
    for unit in desk.office.config.units:
        item = sample.first_item(desk.office.config, unit.code, needs_parts=True)
        if item is not None:
            return unit.code, item
    raise AssertionError("no indicator with parts")


def off_by(desk: Desk, unit: str, item: str, points: float) -> bytes:
    filled = desk.figures(unit)
    figure = filled[item]
    assert isinstance(figure.value, int | float)
    return desk.book(unit, {**filled, item: replace(figure, value=round(figure.value - points, 4))})


def again(desk: Desk) -> RecheckResult:
    return recheck(desk.office, PERIOD, LATER, send=False)


def facts(desk: Desk) -> list[Any]:
    return desk.sql("FROM mart.observation_history ORDER BY ALL")


def status_of(desk: Desk, unit: str) -> list[str]:
    return [s for (s,) in desk.sql("SELECT status FROM mart.submission WHERE unit = ?", unit)]


def test_the_same_rules_change_nothing_and_tell_nobody(desk: Desk) -> None:
    unit, item = a_ratio(desk)
    desk.drop(unit, "表.xlsx", off_by(desk, unit, item, 0.4))
    desk.drop("441402", "表.xlsx", desk.book("441402"))
    desk.collect()
    before = facts(desk), desk.mails(), desk.sql("SELECT * EXCLUDE (run_id) FROM mart.finding ORDER BY ALL")
    found = again(desk)
    assert (found.files, found.changed, found.mails, found.revisions, found.unread) == (2, [], 0, 0, [])
    after = facts(desk), desk.mails(), desk.sql("SELECT * EXCLUDE (run_id) FROM mart.finding ORDER BY ALL")
    assert before == after
    assert desk.sql("SELECT outcome FROM mart.run WHERE flow = 'recheck'") == [("done",)]


def test_a_looser_threshold_accepts_what_was_returned(desk: Desk) -> None:
    unit, item = a_ratio(desk)
    desk.drop(unit, "表.xlsx", off_by(desk, unit, item, 0.4))
    desk.drop("441402", "表.xlsx", desk.book("441402"))
    desk.collect()
    assert status_of(desk, unit) == ["returned"]
    looser = with_threshold(desk, "ratio_tolerance_pp", 1.0)
    found = again(looser)
    assert [(c["unit"], c["before"]) for c in found.changed] == [(unit, "returned")]
    assert found.changed[0]["after"].startswith("accepted") and found.revisions == 1
    first, second = looser.answers(unit)
    assert (first["kind"], second["kind"]) == ("return", "receipt")
    assert len(looser.answers("441402")) == 1
    # The figure counts with the file's first receipt, so it is not late.
    assert looser.sql(
        "SELECT received_at, accepted_at FROM mart.observation WHERE unit = ? AND indicator = ?", unit, item
    ) == [(COLLECTED, LATER)]
    engines = {e for (e,) in looser.sql("SELECT DISTINCT engine FROM check_run WHERE recorded_at = ?", LATER)}
    version = rules_version(looser.office.config.settings.checks)
    assert all(e.endswith(version) for e in engines) and found.rules_version == version
    assert not looser.sql("FROM mart.finding WHERE unit = ? AND rule = 'ratio_differs'", unit)
    assert again(looser).changed == []


def test_a_tighter_threshold_returns_the_file_and_the_figure_stands(desk: Desk) -> None:
    unit, item = a_ratio(desk)
    loose = with_threshold(desk, "ratio_tolerance_pp", 1.0)
    loose.drop(unit, "表.xlsx", off_by(loose, unit, item, 0.4))
    loose.collect()
    assert status_of(loose, unit)[0].startswith("accepted")
    before = facts(loose)
    (loose.office.home.config / "settings.yml").unlink()
    tight = replace(loose, office=open_office(loose.office.home.root, trigger="test"))
    found = again(tight)
    assert [c["after"] for c in found.changed] == ["returned"]
    assert facts(tight) == before
    assert tight.sql("SELECT unit, item, rule FROM mart.correction_due") == [(unit, item, "ratio_differs")]
    mail = tight.answers(unit)[-1]
    assert mail["kind"] == "return" and "校验规则有调整" in tight.text(mail)
    # The correction settles it; the returned file then decides nothing any more.
    tight.drop(unit, "更正.xlsx", tight.book(unit))
    tight.collect(LATER + timedelta(hours=1))
    assert tight.sql("FROM mart.correction_due") == []
    assert again(tight).changed == []


def test_a_file_gone_from_the_archive_keeps_its_verdict_and_is_named(desk: Desk) -> None:
    desk.drop("441402", "表.xlsx", desk.book("441402"))
    desk.collect()
    (path,) = [p for p in desk.office.home.archive.rglob("*") if p.is_file()]
    path.unlink()
    found = again(desk)
    assert len(found.unread) == 1 and found.changed == []
    assert "未能复核" in desk.mails(kind="alert")[-1]["subject"]


def test_an_engine_failure_leaves_every_verdict(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import great_expectations as gx

    desk.drop("441402", "表.xlsx", desk.book("441402"))
    desk.collect()
    before = facts(desk), status_of(desk, "441402")
    with monkeypatch.context() as patch:
        patch.setattr(gx, "get_context", lambda **_: (_ for _ in ()).throw(OSError("engine gone")))
        with pytest.raises(NotChecked, match="没有复核"):
            again(desk)
    assert (facts(desk), status_of(desk, "441402")) == before
    with desk.office.store() as store:  # a failed run publishes no snapshot
        states = store.con.execute("SELECT DISTINCT state FROM check_run WHERE recorded_at = ?", [LATER])
        assert states.fetchall() == [("not_checked",)]
    assert "复核未能完成" in desk.mails(kind="alert")[-1]["subject"]
    assert again(desk).changed == []


def test_a_file_without_a_cell_to_mark_is_returned_without_a_workbook(desk: Desk) -> None:
    unit = "441402"
    due = desk.office.config.calendar.due_at(PERIOD, desk.office.config.settings.deadline)
    deciding.close(desk.office, PERIOD, "李统筹", "本季结束", due + timedelta(minutes=1))
    lines = sample.as_csv(desk.book(unit)).decode("gb18030").splitlines()
    header = next(n for n, line in enumerate(lines) if line.startswith("指标编码"))
    desk.drop(unit, "空.csv", "\n".join([*lines[: header + 1], "填报行数,0", ""]).encode("gb18030"))
    desk.collect(due + timedelta(hours=1))
    assert status_of(desk, unit) == ["received"]
    deciding.reopen(desk.office, PERIOD, "李统筹", "县区更正", due + timedelta(hours=2))
    found = recheck(desk.office, PERIOD, due + timedelta(hours=3), send=False)
    assert (len(found.changed), status_of(desk, unit)) == (1, ["returned"])
    *_, letter = desk.answers(unit)
    assert letter["kind"] == "return" and "文件中没有任何填报行" in desk.text(letter)
    assert "附件" not in desk.text(letter)
