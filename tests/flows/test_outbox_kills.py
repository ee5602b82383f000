"""The ledger under kill -9 with a server that drops, hangs, puts off and refuses: nothing lost, nothing formal twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from mail_samples import NOW, Desk, Settings, address, letter
from smtp_script import ScriptedServer

from flows.mailing.outbox import deliver
from flows.mailing.transport import RECEIVE_TIMEOUT_S
from warehouse import killpoints, ledger

CHILD = """
import sys
from datetime import timedelta
from pathlib import Path
from mail_samples import NOW, Desk, Settings
from flows.mailing.outbox import deliver
desk, port, days = Desk(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
settings = Settings(port, deadline_s=1, max_attempts=1000)
deliver(desk.store, settings, Path(sys.argv[1]) / "outbox", lambda: NOW + timedelta(days=days))
"""
# One word a mail: mostly well, and everything that a server may do to us.
STEPS = {
    "ok": 80, "drop-after": 3, "drop-mail": 2, "drop-body": 2, "rcpt-421": 2, "rcpt-451": 2, "data-451": 2,
    "hang-data": 1, "hang-body": 1, "drip-body": 1,
}  # fmt: skip
GREETINGS = {"ok": 12, "drop": 1, "421": 1, "hang": 1}


@pytest.mark.stress
def test_hundred_kills_with_a_server_at_its_worst(tmp_path: Path, rounds: Callable[[int, int], int]) -> None:
    kills = rounds(6, 100)
    n = 60 + 8 * kills
    letters = [
        letter(i, "hold" if i % 3 == 0 else "resend", "summary" if i % 3 == 0 else "reminder")
        for i in range(n)
    ]
    desk, refused = Desk(tmp_path, *letters), {address(i) for i in range(5, n, 40)}
    formal = {m.message_id for m in letters if m.on_unsure == "hold"}
    impossible = {m.message_id for m in letters if m.recipient in refused}
    chance = random.Random(20191018)
    script, root = tmp_path / "child.py", Path(__file__).parents[2]
    script.write_text(CHILD)
    plan = chance.choices(list(STEPS), list(STEPS.values()), k=50 * n)
    greetings = chance.choices(list(GREETINGS), list(GREETINGS.values()), k=50 * n)
    killed = day = 0
    with ScriptedServer(plan, greetings, refused=refused) as server:
        # A child that the server sent away before it could be killed does not count.
        while killed < kills and day < 4 * kills:
            child = subprocess.Popen(
                [sys.executable, str(script), str(tmp_path), str(server.port), str(day)], stdout=subprocess.PIPE,
                env={"PYTHONPATH": f"{root}:{root / 'tests'}"},
            )  # fmt: skip
            assert child.stdout is not None and child.stdout.readline() == b"ready\n"
            before, patience = len(server.taken), time.monotonic() + 8
            wanted = before + chance.randint(1, 8)
            while len(server.taken) < wanted and time.monotonic() < patience and child.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.random() * 0.01)
            child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
            child.stdout.close()
            day += 1
        settings = Settings(server.port, deadline_s=1, max_attempts=1000)
        for later in range(day, day + 40 + kills):
            moment = NOW + timedelta(days=later)
            report = deliver(desk.store, settings, tmp_path / "outbox", lambda at=moment: at)  # type: ignore[misc]
            if report.queued == 0 and report.sent == 0:
                break
        copies = server.copies()
        bodies = {(t.message_id, t.body) for t in server.taken}
    with desk.store() as store:
        waiting = {r["message_id"] for r in ledger.list_mails(store, state="unsure")}
        failed = {r["message_id"] for r in ledger.list_mails(store, state="failed")}
        states = ledger.count_by_state(store)
        told = {row["mail_id"] for row in ledger.list_lost(store)}
    assert states.get("queued", 0) == states.get("sending", 0) == 0, states
    lost = {m.message_id for m in letters} - copies.keys() - waiting - failed
    assert not lost, f"{len(lost)} letters lost"
    # A formal letter that was in flight at a kill waits for a person, whatever the server would have said.
    assert failed == impossible - waiting, "only what the server refuses for good has failed"
    assert waiting <= formal, "an ordinary letter waits for nobody"
    assert {m.mail_id for m in letters if m.message_id in waiting | failed} <= told, (
        "the coordinator hears of each"
    )
    assert all(copies[m] <= 1 for m in formal), "a formal letter was sent twice"
    assert len(bodies) == len(copies), "a copy is the same letter, byte for byte"
    assert not set(copies) & impossible
    twice = sum(c - 1 for c in copies.values())
    said = f"{killed} kills, {n} letters, {twice} copies of ordinary ones, {len(waiting)} formal to clear up"
    print(said)  # noqa: T201
    assert killed == kills, "the children were killed at work"


@pytest.mark.stress
@pytest.mark.parametrize(("greeting", "step"), [("hang", "ok"), ("ok", "hang-data"), ("ok", "drip-body")])
def test_one_mail_never_takes_longer_than_its_deadline(
    tmp_path: Path, rounds: Callable[[int, int], int], greeting: str, step: str
) -> None:
    deadline, at = rounds(2, 30), dict[str, float]()
    desk = Desk(tmp_path, letter(0))
    killpoints.listen(lambda point: at.setdefault(point, time.monotonic()) and None)
    try:
        with ScriptedServer([step], [greeting]) as server:
            settings = Settings(server.port, deadline_s=deadline)
            report = deliver(desk.store, settings, tmp_path / "outbox", lambda: NOW)
    finally:
        killpoints.listen(None)
    took = at["sent"] - at["send"]
    assert report.sent == 0 and min(deadline, RECEIVE_TIMEOUT_S) * 0.8 < took
    assert took <= deadline + rounds(1, 0), "on a busy machine 2 s leave no room for the threads to wake"
    print(f"{greeting} {step}: {took:.2f} s of {deadline}")  # noqa: T201
