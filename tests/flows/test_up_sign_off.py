"""A real ``jibao up``: signing the summary, sending it back, rehearsing a rerun, alarms and runs that died."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from running_office import Up
from test_up_api import ASKED, RERUN, drop, letters

from flows.home import Home
from flows.service.processes import descendants
from warehouse.store import Reader

pytestmark = [pytest.mark.server]

SIGN = "通报签发/签发"
DECIDE = "统筹决定/办理"
FORM = {"period": "2019-Q3", "as_of": "2019-10-25", "actor": "王科员", "reason": "本季通报"}


def waiting(up: Up, run_id: str, seconds: float = 120) -> dict[str, Any]:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        run: dict[str, Any] = up.api(f"/flow_runs/{run_id}")
        if run["state_type"] == "PAUSED" and run["state_name"] == "待签发":
            return run
        assert run["state_type"] not in ("COMPLETED", "FAILED", "CRASHED"), (run["state"], up.log())
        time.sleep(0.5)
    raise AssertionError(f"not waiting: {run['state']}\n{up.log()}")


def answer(up: Up, run_id: str, **given: str) -> str:
    return str(up.api(f"/flow_runs/{run_id}/resume", {"run_input": given})["status"])


def decisions(home: Path) -> list[tuple[str, str, str]]:
    with Reader(home / "warehouse.snapshot.duckdb") as reader:
        rows = reader.con.execute("SELECT kind, actor, reason FROM mart.decision ORDER BY recorded_at")
        return [(str(a), str(b), str(c)) for a, b, c in rows.fetchall()]


def opened(up: Up) -> None:
    if (up.home / "workbooks" / "2019-Q3").is_dir():
        return
    up.ended(up.start("开启报送/季初开启", period="2019-Q3", as_of="2019-10-08"))


def test_the_summary_waits_for_a_signature_and_only_then_leaves(up: Up) -> None:
    opened(up)
    before = letters(up.home, "【通报】")  # of other quarters: the office is shared
    run = up.start(SIGN, **FORM)
    waiting(up, run)
    assert letters(up.home, "【通报】") == before
    wanted = {"key": {"any_": ["sign-off-preview"]}, "flow_run_id": {"any_": [run]}}
    [preview] = up.api("/artifacts/filter", {"artifacts": wanted})
    assert "收件人" in preview["data"] and str(up.home) not in preview["data"]
    assert answer(up, run, decision="退回修改", signer="李局长") == "REJECT"
    assert answer(up, run, decision="同意签发") == "REJECT"
    assert answer(up, run, decision="不知道", signer="李局长") == "REJECT"
    assert answer(up, run, decision="同意签发", signer="李局长", opinion="同意") == "ACCEPT"
    ended = up.ended(run)
    assert (ended["state_type"], ended["state_name"]) == ("COMPLETED", "已签发"), ended["state"]
    assert "李局长" in ended["state"]["message"]
    assert len(letters(up.home, "【通报】")) > len(before)
    assert ("approve", "李局长", "同意") in decisions(up.home)


def test_a_summary_sent_back_does_not_leave(up: Up) -> None:
    opened(up)
    before = letters(up.home, "【通报】")
    run = up.start(SIGN, **FORM | {"as_of": "2019-10-26"})
    waiting(up, run)
    reminded = up.ended(up.start("催报/每日催报", period="2019-Q3", unanswered_hours=0))
    assert "提醒待签发通报 1 件" in reminded["state"]["message"], reminded["state"]
    assert answer(up, run, decision="退回修改", signer="李局长", opinion="请核实交通数据") == "ACCEPT"
    ended = up.ended(run)
    assert (ended["state_type"], ended["state_name"]) == ("COMPLETED", "已退回"), ended["state"]
    assert letters(up.home, "【通报】") == before
    assert ("return_summary", "李局长", "请核实交通数据") in decisions(up.home)
    assert any("等待签发" in s for s in letters(up.home, "等待签发"))


def test_a_rehearsal_shows_what_would_change_and_changes_nothing(up: Up) -> None:
    opened(up)
    up.ended(up.start(RERUN, **ASKED))
    # Nobody else reports for this unit; the watcher must not take the file meanwhile.
    with _stopped(up, "flows.service.watch"):
        drop(up, "JTJ")
        before = (up.home / "warehouse.snapshot.duckdb").read_bytes()
        run = up.ended(up.start(RERUN, period="2019-Q3", as_of="2019-10-10", unit="市交通运输局(JTJ)"))
        assert (run["state_type"], run["state_name"]) == ("COMPLETED", "已试算"), run["state"]
        assert "新增修订" in run["state"]["message"]
        assert (up.home / "warehouse.snapshot.duckdb").read_bytes() == before
        assert [p.name for p in (Home(up.home).inbox / "JTJ").iterdir()] == ["JTJ_2019-Q3.xlsx"]
        assert list(up.home.glob(".rehearsal-*")) == []
    [table] = up.api("/artifacts/latest/filter", {"artifacts": {"key": {"any_": ["rehearsal"]}}})
    assert {"报送", "数据", "状态", "邮件"} <= {row["类别"] for row in json.loads(table["data"])}


def test_a_real_rerun_needs_a_name_and_a_reason(up: Up) -> None:
    run = up.ended(up.start(RERUN, period="2019-Q3", dry_run=False))
    assert (run["state_type"], run["state_name"]) == ("FAILED", "表单不完整")
    assert "经办人和事由" in run["state"]["message"]


def test_a_quarter_is_closed_and_reopened_by_form(up: Up) -> None:
    quarter = "2019-Q1"
    up.ended(up.start("开启报送/季初开启", period=quarter, as_of="2019-04-08"))
    form = {"period": quarter, "as_of": "2019-06-03", "actor": "李统筹"}
    extended = up.ended(
        up.start(
            DECIDE, **form | {"as_of": "2019-04-09"}, matter="延期", unit="市商务局(SWJ)", until="2019-05-30T18:00",
            reason="系统故障",
        )
    )  # fmt: skip
    assert extended["state_name"] == "已办理", extended["state"]
    nameless = up.ended(up.start(DECIDE, period=quarter, matter="关闭报告期"))
    assert nameless["state_name"] == "表单不完整"
    closed = up.ended(up.start(DECIDE, **form, matter="关闭报告期", reason="本季结束"))
    assert closed["state_name"] == "已办理", closed["state"]
    rerun = {"period": quarter, "as_of": "2019-06-04", "actor": "李统筹", "reason": "补报", "dry_run": False}
    refused = up.ended(up.start(RERUN, **rerun))
    assert (refused["state_type"], refused["state_name"]) == ("FAILED", "不能办理")
    assert "重新开启" in refused["state"]["message"]
    opened_again = up.ended(up.start(DECIDE, **form, matter="重新开启", reason="县区更正"))
    assert opened_again["state_name"] == "已办理", opened_again["state"]
    assert up.ended(up.start(RERUN, **rerun))["state_type"] == "COMPLETED"


def test_a_failed_run_reaches_the_operator(up: Up) -> None:
    up.ended(up.start("开启报送/季初开启", period="2018-Q4", as_of="2019-01-08"))
    blocked = Home(up.home).reports("2018-Q4")
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("a file where a folder belongs")
    run = up.ended(up.start("通报/测算与通报", period="2018-Q4", as_of="2019-01-20"))
    assert (run["state_type"], run["state_name"]) == ("FAILED", "办理失败"), run["state"]
    assert "重试" in run["state"]["message"] and str(up.home) not in run["state"]["message"]
    give_up = time.monotonic() + 120
    while not letters(up.home, "任务出错"):
        assert time.monotonic() < give_up, up.log()
        time.sleep(0.5)


def test_a_run_whose_processes_are_gone_is_ended(up: Up) -> None:
    """The runner cannot tell (it is stopped, as a dead one would be), so only missing heartbeats can."""
    slot = {"names": ["jibao-writer"], "slots": 1, "mode": "concurrency"}
    _take(up, slot)
    try:
        run = up.start("催报/每日催报", period="2019-Q3", reason="失联")
        give_up = time.monotonic() + 60
        while up.api(f"/flow_runs/{run}")["state_type"] != "RUNNING":
            assert time.monotonic() < give_up, up.log()
            time.sleep(0.5)
        time.sleep(3)  # its first heartbeat
        with _stopped(up, "flows.deployments") as runner:
            killed = time.monotonic()
            for pid in descendants(runner):
                os.kill(pid, signal.SIGKILL)
            ended = up.ended(run, 180)
            assert (ended["state_type"], ended["state_name"]) == ("CRASHED", "失联"), ended["state"]
            assert time.monotonic() - killed < 180
    finally:
        up.api("/v2/concurrency_limits/decrement", slot)
    again = up.ended(up.start("催报/每日催报", period="2019-Q3"))
    assert again["state_type"] == "COMPLETED", again["state"]


def _take(up: Up, slot: dict[str, Any]) -> None:
    """The writer's slot, which a run of the test before may hold a little longer (423)."""
    give_up = time.monotonic() + 120
    while True:
        try:
            up.api("/v2/concurrency_limits/increment", slot)
            return
        except HTTPError as error:
            if error.code != 423 or time.monotonic() > give_up:
                raise
        time.sleep(0.5)


class _stopped:
    """One child of ``jibao up``, standing still meanwhile; gives its process id."""

    def __init__(self, up: Up, module: str) -> None:
        found = [
            pid
            for pid in descendants(up.process.pid)
            if module in Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
        ]
        [self.pid] = found[:1]

    def __enter__(self) -> int:
        os.kill(self.pid, signal.SIGSTOP)
        return self.pid

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGCONT)
