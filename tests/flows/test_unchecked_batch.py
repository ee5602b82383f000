"""A check that breaks: nothing is published as checked, the coordinator knows, the next run recovers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from drop_folder import COLLECTED, Desk, open_desk

from checks import suites
from flows.steps.collecting import NotChecked

LATER = COLLECTED + timedelta(hours=1)


@pytest.fixture()
def desk(tmp_path: Path) -> Desk:
    desk = open_desk(tmp_path / "home")
    desk.drop("SWJ", "表.xlsx", desk.book("SWJ"))
    desk.drop("441402", "表.xlsx", desk.book("441402"))
    return desk


def break_one_rule(patch: pytest.MonkeyPatch) -> None:
    """One expectation of forty-six asks for a column that is not there: the engine itself raises."""
    real = suites.arguments

    def arguments(rule: Any, thresholds: Any) -> dict[str, Any]:
        made = real(rule, thresholds)
        return {**made, "column": "no_such_column"} if rule.rule == "percent_range" else made

    patch.setattr(suites, "arguments", arguments)


def test_nothing_of_the_batch_is_published_and_the_next_run_recovers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = desk.mails()
    with monkeypatch.context() as patch:
        break_one_rule(patch)
        with pytest.raises(NotChecked, match="未作判断"):
            desk.collect()
    # In the warehouse itself, not only in the snapshot, which a failed run leaves as it was.
    with desk.office.store() as store:
        for table in ("mart.submission", "main.verdict", "main.finding", "main.observation", "main.arrival"):
            assert store.con.execute(f"SELECT count(*) FROM {table}").fetchall() == [(0,)], table
        outcomes = store.con.execute("SELECT outcome FROM mart.run WHERE flow = 'collect'")
        assert outcomes.fetchall() == [("failed",)]
    (alert,) = [m for m in desk.mails() if m not in mails]
    assert alert["kind"] == "alert" and alert["recipient"] == desk.office.config.contacts.coordinator.mail
    assert "percent_range" in desk.text(alert)
    assert sorted(p.name for p in desk.office.home.inbox.rglob("*") if p.is_file()) == ["表.xlsx", "表.xlsx"]
    result = desk.collect(LATER)
    assert len(result.lines) == 2 and not result.quarantined
    desk.check_invariant()
    assert desk.sql("SELECT outcome FROM mart.run WHERE flow = 'collect' ORDER BY started_at") == [
        ("failed",),
        ("done",),
    ]
