"""A real ``jibao up`` that loses its server or its runner: runs end once, what was missed is made up once."""

from __future__ import annotations

import os
import random
import signal
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from running_office import Up, child

pytestmark = [pytest.mark.server, pytest.mark.stress]

REMIND = "催报/每日催报"
SLOT = {"names": ["jibao-writer"], "slots": 1, "mode": "concurrency"}
ENDS = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def until(what: Callable[[], Any], seconds: float, why: str) -> None:
    give_up = time.monotonic() + seconds
    while True:
        try:
            if what():
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        assert time.monotonic() < give_up, why
        time.sleep(0.3)


@contextmanager
def writer_taken(up: Up) -> Iterator[None]:
    """Whoever wants to write waits meanwhile."""
    until(
        lambda: up.api("/v2/concurrency_limits/increment", SLOT) is not None, 90, "the writer never came free"
    )
    try:
        yield
    finally:
        until(lambda: up.api("/v2/concurrency_limits/decrement", SLOT) is not None, 90, "the server is away")


def ends(up: Up, run: str) -> list[str]:
    return [s["name"] for s in up.api(f"/flow_run_states/?flow_run_id={run}") if s["type"] in ENDS]


def test_a_run_outlives_its_server(up: Up, rounds: Callable[[int, int], int]) -> None:
    """Killed while the run waits for the writer, or at any moment of it; ``up`` starts the server again."""
    chance = random.Random(7)
    for number in range(rounds(1, 10)):
        run = ""
        if number % 2 == 0:
            with writer_taken(up):
                run = up.start(REMIND, period="2019-Q3", reason=f"断线{number}")
                until(lambda run=run: up.api(f"/flow_runs/{run}")["state_type"] == "RUNNING", 90, up.log())
                time.sleep(chance.uniform(0, 2))
                os.kill(child(up, "prefect server start"), signal.SIGKILL)
                until(lambda: not healthy(up), 20, "the server does not die")
                until(lambda: healthy(up), 120, "the server is not started again")
        else:
            run = up.start(REMIND, period="2019-Q3", reason=f"断线{number}")
            until(lambda run=run: up.api(f"/flow_runs/{run}")["state_type"] == "RUNNING", 90, up.log())
            time.sleep(chance.uniform(0, 3))
            os.kill(child(up, "prefect server start"), signal.SIGKILL)
            until(lambda: healthy(up), 120, "the server is not started again")
        ended = up.ended(run, 240)
        assert ended["state_type"] == "COMPLETED", (number, ended["state"])
        assert len(ends(up, run)) == 1 and ended["run_count"] == 1, ends(up, run)
    assert "Prefect 服务意外退出，已重新启动" in up.printed.read_text("utf-8")


def healthy(up: Up) -> bool:
    try:
        return bool(up.api("/health"))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def test_a_dead_runner_is_started_again(up: Up) -> None:
    os.kill(child(up, "-m flows.deployments"), signal.SIGKILL)
    until(lambda: "任务执行意外退出，已重新启动" in up.printed.read_text("utf-8"), 30, "nobody noticed")
    ended = up.ended(up.start(REMIND, period="2019-Q3"), 180)
    assert ended["state_type"] == "COMPLETED", ended["state"]


def test_what_fell_due_while_the_server_was_away_is_made_up_once(up: Up) -> None:
    """Every minute for this test only; server and runner are dead over at least two of them."""
    deployment = up.deployment(REMIND)
    place = f"/deployments/{deployment['id']}/schedules"
    schedule = {"schedule": {"cron": "* * * * *", "timezone": "Asia/Shanghai"}, "active": True}
    first = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    if (first - datetime.now(UTC)).total_seconds() < 15:
        first += timedelta(minutes=1)
    [made] = up.api(place, [schedule])
    up.api(f"/deployments/{deployment['id']}/schedule", {})  # the scheduler itself comes by once a minute
    os.kill(up.process.pid, signal.SIGSTOP)
    try:
        for words in ("-m flows.deployments", "prefect server start"):
            os.kill(child(up, words), signal.SIGKILL)
        time.sleep((first - datetime.now(UTC)).total_seconds() + 75)
    finally:
        os.kill(up.process.pid, signal.SIGCONT)
    until(lambda: healthy(up), 120, "the server is not started again")
    back = datetime.now(UTC)
    try:
        missed = [r for r in due(up, deployment["id"], first, back)]
        assert len(missed) >= 2, missed
        until(
            lambda: all(r["state_type"] in ENDS for r in due(up, deployment["id"], first, back)),
            180,
            up.log(),
        )
    finally:
        # The runner, started again, has put its own schedules back already.
        with suppress(urllib.error.HTTPError):
            up.api(f"{place}/{made['id']}", method="DELETE", body={})
    states = [r["state_name"] for r in due(up, deployment["id"], first, back)]
    assert [s for s in states if s != "已合并"] in (["无需催报"], ["已催报"]), states


def due(up: Up, deployment: str, after: datetime, before: datetime) -> list[dict[str, Any]]:
    """Runs that fell due in the time given, oldest first; the one of the last ten seconds may be started in time."""
    chosen = {
        "deployments": {"id": {"any_": [deployment]}},
        "flow_runs": {
            "expected_start_time": {
                "after_": after.isoformat(), "before_": (before - timedelta(seconds=10)).isoformat(),
            }
        },
        "sort": "EXPECTED_START_TIME_ASC",
    }  # fmt: skip
    return [r for r in up.api("/flow_runs/filter", chosen) if r["auto_scheduled"]]
