"""The ledger and the outbox against servers that fail: nothing lost, nothing twice that must not be, nobody waits."""

from __future__ import annotations

import logging
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from mail_samples import NOW, Desk, Settings, address, letter
from smtp_script import ScriptedServer

from flows.mailing.outbox import MOST_LOST, DeliveryReport, deliver
from warehouse import ledger
from warehouse.store import Reader

DAY = timedelta(days=1)


def run(desk: Desk, port: int, days: float = 0, **changes: object) -> DeliveryReport:
    settings = Settings(port, **changes)  # type: ignore[arg-type]
    return deliver(desk.store, settings, desk.folder / "outbox", lambda: NOW + days * DAY)


@pytest.mark.parametrize("step", ["rcpt-421", "rcpt-451", "data-451"])
def test_temporary_refusals_wait_and_end_at_the_policy(step: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path, letter(0), letter(1))
    with ScriptedServer([step, "ok", *[step] * 20]) as server:
        first = run(desk, server.port)
        assert (first.sent, first.queued, first.failed, first.paused_reason) == (1, 1, 0, None)
        at_once = run(desk, server.port)
        assert (at_once.sent, at_once.queued) == (0, 1), "the waiting time is not over"
        assert server.offered[address(0)] == 1
        run(desk, server.port, 1)
        last = run(desk, server.port, 2)
        assert last.failed == 1 and last.failed_mails[0].recipient == address(0)
        assert step[-3:] in last.failed_mails[0].reason
        assert run(desk, server.port, 3).failed == 0
        assert server.offered[address(0)] == 3 == Settings().max_attempts


def test_a_busy_server_gets_the_mail_in_the_end(tmp_path: Path) -> None:
    desk = Desk(tmp_path, letter(0))
    with ScriptedServer(["rcpt-421", "data-451"]) as server:
        reports = [run(desk, server.port, d) for d in range(4)]
    assert [r.sent for r in reports] == [0, 0, 1, 0] and len(server.taken) == 1
    assert desk.rows()[0]["attempts"] == 3


def test_one_bad_address_fails_alone_and_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, letter(0), letter(1), letter(2))
    with ScriptedServer(refused=[address(1)]) as server:
        report = run(desk, server.port)
        assert (report.sent, report.failed, report.queued) == (2, 1, 0)
        [lost] = report.failed_mails
        assert lost.recipient == address(1) and "550" in lost.reason
        assert run(desk, server.port, 1).sent == 0
        assert max(server.copies().values()) == 1 and server.offered[address(1)] == 1


@pytest.mark.parametrize(("on_unsure", "states"), [("resend", ["sent"]), ("hold", ["unsure"])])
def test_lost_after_hand_over(on_unsure: str, states: list[str], tmp_path: Path) -> None:
    desk = Desk(tmp_path, letter(0, on_unsure))
    with ScriptedServer(["drop-after"]) as server:
        report = run(desk, server.port)
        assert report.unsure == 1 and report.unsure_mails[0].recipient == address(0)
        assert run(desk, server.port).sent == 0, "not before its waiting time"
        run(desk, server.port, 1)
        run(desk, server.port, 2)
        assert desk.states() == states
        assert list(server.copies().values()) == [2 if on_unsure == "resend" else 1], "one Message-ID"
        assert len({t.body for t in server.taken}) == 1


def test_an_uncertain_mail_is_not_resent_for_ever(tmp_path: Path) -> None:
    desk = Desk(tmp_path, letter(0))
    with ScriptedServer(["drop-after"] * 20) as server:
        for day in range(8):
            run(desk, server.port, day)
        assert desk.states() == ["failed"] and len(server.taken) == Settings().max_attempts


def test_a_wrong_password_fails_no_mail(tmp_path: Path) -> None:
    desk = Desk(tmp_path, letter(0), letter(1))
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    with ScriptedServer(login=("office", "right")) as server:
        login = {"user": "office", "password_file": str(secret)}
        report = run(desk, server.port, **login)
        assert report.paused_reason is not None and "不接受登录" in report.paused_reason
        assert (report.failed, report.queued, report.unsure) == (0, 2, 0)
        assert server.connections == 1 and {r["attempts"] for r in desk.rows()} == {0}
        secret.write_text("right\n")
        assert run(desk, server.port, **login).sent == 2


def test_without_a_password_nothing_is_tried(tmp_path: Path) -> None:
    desk = Desk(tmp_path, letter(0))
    with ScriptedServer(login=("office", "right")) as server:
        for login in ({"user": "office"}, {"user": "office", "password_file": str(tmp_path / "absent")}):
            report = run(desk, server.port, **login)
            assert report.paused_reason is not None and "密码" in report.paused_reason and report.queued == 1
        assert server.connections == 0


@pytest.mark.parametrize(("greeting", "step"), [("hang", "ok"), ("ok", "hang-data"), ("ok", "drip-body")])
def test_a_hanging_mail_keeps_nobody_from_the_warehouse(greeting: str, step: str, tmp_path: Path) -> None:
    hangs_s = 6  # long enough for another process to start meanwhile, beside other tests
    desk = Desk(tmp_path, letter(0), letter(1))
    with ScriptedServer([step], [greeting]) as server:
        reports: list[DeliveryReport] = []
        began = time.monotonic()
        delivery = threading.Thread(target=lambda: reports.append(run(desk, server.port, deadline_s=hangs_s)))
        delivery.start()
        while not server.connections:
            time.sleep(0.01)
        time.sleep(0.6)
        asked = time.monotonic()
        code = (
            "import sys; from pathlib import Path; from warehouse.store import Store; from time import monotonic as m\n"
            "t = m()\nwith Store(Path(sys.argv[1])): print(m() - t)"
        )
        opened = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "w.duckdb")],
            capture_output=True,
            text=True,
            check=True,
        )
        assert float(opened.stdout) < 0.4 * hangs_s, "opening had to wait for a mail"
        assert delivery.is_alive(), (
            "the mail was still hanging" if time.monotonic() - asked < hangs_s - 1 else "slow machine"
        )
        delivery.join()
        assert time.monotonic() - began < hangs_s + 2
    [report] = reports
    if step == "drip-body":
        assert (report.unsure, report.sent) == (1, 1)
    else:
        assert (
            report.queued == 2
            and report.paused_reason is not None
            and f"{hangs_s} 秒" in report.paused_reason
        )
        with ScriptedServer() as good:
            assert run(desk, good.port).sent == 2
    with Reader(tmp_path / "w.snapshot.duckdb") as reader:
        states = {r["state"] for r in reader.rows("list_mails", {"period": None, "state": None})}
    assert states == ({"sent", "unsure"} if step == "drip-body" else {"sent"}), (
        "published at the end of the run"
    )


def test_a_server_that_swallows_everything_does_not_cost_a_deadline_a_mail(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *(letter(i) for i in range(6)))
    with ScriptedServer(["hang-body"] * 6) as server:
        report = run(desk, server.port, deadline_s=0.5)
        assert report.unsure == MOST_LOST and report.queued == 6 - MOST_LOST
        assert report.paused_reason is not None and "连续" in report.paused_reason
        for day in range(1, 4):
            run(desk, server.port, day, deadline_s=0.5)
        assert desk.states() == ["sent"] * 6 and len(server.taken) == 2 * 6, (
            "two swallowed a run, then all is well"
        )


def test_two_deliveries_do_not_meet(tmp_path: Path) -> None:
    desk = Desk(tmp_path, letter(0))
    with ScriptedServer(["hang-data"]) as server:
        slow = threading.Thread(target=lambda: run(desk, server.port, deadline_s=2))
        slow.start()
        while not server.connections:
            time.sleep(0.01)
        report = run(desk, server.port)
        slow.join()
    assert (
        report.paused_reason is not None
        and "另一次发送" in report.paused_reason
        and desk.states() == ["queued"]
    )


def test_the_password_stays_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    canary = "canary-8264"
    caplog.set_level(logging.DEBUG)
    (tmp_path / "password").write_text(canary)
    desk = Desk(tmp_path, letter(0))
    with ScriptedServer(login=("office", "right")) as server:
        report = run(desk, server.port, user="office", password_file=str(tmp_path / "password"))
    assert report.paused_reason is not None
    assert canary not in repr(report) + caplog.text
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != "password":
            assert canary.encode() not in file.read_bytes(), file.name


CHILD = """
import sys
from pathlib import Path
from mail_samples import NOW, Desk, Settings
from flows.mailing.outbox import deliver
desk = Desk(Path(sys.argv[1]))
print("ready", flush=True)
deliver(desk.store, Settings(int(sys.argv[2])), Path(sys.argv[1]) / "outbox", lambda: NOW)
"""


def test_killed_at_random_nothing_is_lost(tmp_path: Path) -> None:
    kills, n = 10, 120
    letters = [
        letter(i, "hold" if i % 3 == 0 else "resend", "summary" if i % 3 == 0 else "reminder")
        for i in range(n)
    ]
    desk = Desk(tmp_path, *letters)
    formal = {m.message_id for m in letters if m.on_unsure == "hold"}
    chance = random.Random(20191018)
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    root = Path(__file__).parents[2]
    with ScriptedServer(chance.choices(["ok", "drop-after"], [60, 1], k=2000)) as server:
        killed = 0
        for _ in range(kills):
            child = subprocess.Popen(
                [sys.executable, str(script), str(tmp_path), str(server.port)], stdout=subprocess.PIPE,
                env={"PYTHONPATH": f"{root}:{root / 'tests'}"},
            )  # fmt: skip
            assert child.stdout is not None and child.stdout.readline() == b"ready\n"
            before, patience = len(server.taken), time.monotonic() + 10
            while len(server.taken) < before + chance.randint(1, 8) and time.monotonic() < patience:
                time.sleep(0.001)
            time.sleep(chance.random() * 0.01)
            child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
            child.stdout.close()
        for day in range(1, 5):
            run(desk, server.port, day)
        copies, drops = server.copies(), server.drops
    with desk.store() as store:
        waiting = {r["message_id"] for r in ledger.list_mails(store, state="unsure")}
        states = ledger.count_by_state(store)
    assert killed >= kills - 2, "the children were killed at work"
    assert states.get("failed", 0) == 0 and states.get("queued", 0) == 0 and states.get("sending", 0) == 0
    lost = {m.message_id for m in letters} - copies.keys() - waiting
    assert not lost
    assert all(copies[m] <= 1 for m in formal), "a formal letter was sent twice"
    assert waiting <= formal
    assert sum(c - 1 for c in copies.values()) <= killed + drops, "more than one copy a kill or drop"
