"""A real ``jibao up``: the rerun through the API, a file dropped in the inbox, two writers at once, a clean stop."""

from __future__ import annotations

import email
import os
import signal
import time
import urllib.request
from email.policy import default
from pathlib import Path

import pytest
from running_office import DIRECT, Up, child, free_ports, launch

from config.calendar import SHANGHAI
from flows import clock, sample
from flows.home import Home
from flows.office import Office, open_office
from flows.steps.opening import workbook_specs
from warehouse.store import Reader

pytestmark = [pytest.mark.server]

ASKED = {
    "period": "2019-Q3",
    "as_of": "2019-10-10",
    "actor": "李统筹",
    "reason": "补报后重跑",
    "dry_run": False,
}
RERUN = "季度重跑/手工重跑"


def upload(office: Office, unit: str, period: str = "2019-Q3") -> bytes:
    opened_at, due_at = clock.parse_instant("2019-10-08"), clock.parse_instant("2019-10-18T18:00")
    spec = workbook_specs(office, period, due_at, {}, opened_at)[unit]
    return sample.workbook(spec, sample.figures(office.config, unit, period))


def drop(up: Up, unit: str) -> None:
    folder = Home(up.home).inbox / unit
    folder.mkdir(exist_ok=True)
    part = folder / f".{unit}.part"
    part.write_bytes(upload(open_office(up.home), unit))
    os.utime(part, (time.time() - 60,) * 2)  # settled already: whoever collects next takes it
    part.rename(folder / f"{unit}_2019-Q3.xlsx")


def letters(home: Path, kind: str) -> list[str]:
    found = []
    for path in (home / "outbox").glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=default)
        if kind in str(mail["Subject"]):
            found.append(str(mail["Subject"]))
    return found


def test_everything_is_printed_and_answers(up: Up) -> None:
    printed = up.printed.read_text("utf-8")
    for part in (f"http://127.0.0.1:{up.port}", f"http://127.0.0.1:{up.site_port}/", str(up.home / "inbox")):
        assert part in printed
    assert up.api("/health") is True
    limit = up.api("/v2/concurrency_limits/jibao-writer")
    assert (limit["limit"], limit["active"]) == (1, True)


def test_rerun_of_a_quarter_for_one_unit(up: Up) -> None:
    first = up.ended(up.start(RERUN, **ASKED))
    assert (first["state"]["type"], first["state"]["name"]) == ("COMPLETED", "已完成"), first["state"]
    assert first["name"] == "2019-Q3 重跑"
    drop(up, "SWJ")
    run = up.ended(up.start(RERUN, **ASKED, unit="市商务局(SWJ)", send=True))
    assert run["state"]["type"] == "COMPLETED", run["state"]
    assert run["name"] == "2019-Q3 重跑 市商务局"
    with Reader(up.home / "warehouse.snapshot.duckdb") as reader:
        rows = reader.con.execute("select unit, period, status from mart.submission").fetchall()
        ledger = reader.con.execute("select trigger from mart.run where flow = 'report'").fetchall()
    assert [(u, p) for u, p, _ in rows] == [("SWJ", "2019-Q3")]
    assert ("Prefect:李统筹(补报后重跑)",) in ledger
    assert up.site("/")[0] == 200 and up.site("/reports/2019-Q3/summary.html")[0] == 200
    keys = {a["key"] for a in up.api("/artifacts/filter", {})}
    assert {"who-owes", "attainment", "summary"} <= keys


@pytest.mark.parametrize(("unit", "is_watched"), [("NYJ", True), ("MZJ", False)])
def test_a_dropped_file_gets_its_receipt(up: Up, unit: str, is_watched: bool) -> None:
    """Also when the watcher was killed a moment before: the next one looks at what lies there."""
    up.ended(up.start("开启报送/季初开启", period="2019-Q3", as_of="2019-10-08"))
    before = len(letters(up.home, "回执") + letters(up.home, "退回"))
    if not is_watched:
        os.kill(child(up, "-m flows.service.watch"), signal.SIGKILL)
    drop(up, unit)
    give_up = time.monotonic() + 90
    while time.monotonic() < give_up:
        with Reader(up.home / "warehouse.snapshot.duckdb") as reader:
            units = {u for (u,) in reader.con.execute("select unit from mart.submission").fetchall()}
        if unit in units and len(letters(up.home, "回执") + letters(up.home, "退回")) > before:
            return
        time.sleep(0.5)
    raise AssertionError(f"no receipt\n{(up.home / 'logs' / 'watch.log').read_text('utf-8')}\n{up.log()}")


def test_two_reruns_at_once_both_complete(up: Up) -> None:
    runs = [up.ended(run) for run in [up.start(RERUN, **ASKED), up.start(RERUN, **ASKED)]]
    assert {r["state"]["type"] for r in runs} == {"COMPLETED"}, [r["state"] for r in runs]


def test_schedules_produce_runs(up: Up) -> None:
    deployment = up.deployment("采集/投递目录")
    give_up = time.monotonic() + 90
    while time.monotonic() < give_up:
        runs = up.api(
            "/flow_runs/filter",
            {
                "deployments": {"id": {"any_": [deployment["id"]]}},
                "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
            },
        )
        due = [r["expected_start_time"] for r in runs if r["auto_scheduled"]]
        if due:
            hours = {clock.parse_instant(d.replace("Z", "+00:00")).astimezone(SHANGHAI).hour for d in due}
            assert hours <= set(range(8, 21))
            return
        time.sleep(1)
    log = (up.home / "logs" / "prefect-server.log").read_text("utf-8", "replace")
    raise AssertionError(f"nothing scheduled\n{log[-1500:]}")


def test_a_wrong_parameter_is_refused(up: Up) -> None:
    with pytest.raises(OSError, match="40[0-9]|422"):
        up.start(RERUN, period="2019-Q9")
    with pytest.raises(OSError, match="40[0-9]|422"):
        up.start(RERUN, period="2019-Q3", unit="市不存在局(XXX)")


def test_a_mistyped_time_ends_in_chinese_and_alarms_nobody(up: Up) -> None:
    run = up.ended(up.start(RERUN, period="2019-Q3", as_of="昨天"))
    assert (run["state"]["type"], run["state"]["name"]) == ("FAILED", "不能办理"), run["state"]
    assert "不是时间；请写成 2019-10-25" in run["state"]["message"]


def test_a_taken_port_is_one_line_and_status_2(up: Up, tmp_path: Path) -> None:
    second = launch(tmp_path / "home", [up.port, *free_ports(2)])
    assert second.process.wait(60) == 2
    [line] = second.printed.read_text("utf-8").splitlines()
    assert str(up.port) in line and "占用" in line


def test_a_forged_request_is_refused(up: Up) -> None:
    """Another site in the coordinator's browser can send a request, but not read the token for it."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{up.port}/api/deployments/filter",
        data=b"{}",
        headers={"Content-Type": "application/json"},
    )
    with pytest.raises(OSError, match="403"):
        DIRECT.open(request, timeout=30)
