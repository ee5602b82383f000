"""After many runs: the pages a coordinator opens stay quick, and what retention removes leaves room for the next."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from running_office import Up
from selenium import webdriver
from test_up_browser import browser, needs_chromium

from flows.maintain import forget

__all__ = ["browser"]

pytestmark = [pytest.mark.server, pytest.mark.stress]

STATE = "留存测试"  # of runs that only this test makes
# The product's promise; with fewer runs on a machine at work on other tests a page only has to open.
SECONDS = 2.0 if os.environ.get("JIBAO_STRESS") else 30.0
PAGES = {
    "/dashboard": "Flow Runs",
    "/runs": "采集",
    "/deployments": "手工重跑",
    "/artifacts": "who-owes",
    "/automations": "收到报送即采集",
}


def make_runs(up: Up, count: int) -> None:
    """Finished runs as a collection leaves them: a state, a dozen log lines, a table."""
    deployment = up.deployment("采集/投递目录")
    line = "接收 1 份（需说明 0 份），退回 0 份，暂存 0 份，重复 0 份，待稳定 0 份"
    for number in range(count):
        state = {"type": "COMPLETED", "name": STATE, "message": line}
        run = up.api(f"/deployments/{deployment['id']}/create_flow_run", {"parameters": {}, "state": state})
        now = datetime.now(UTC).isoformat()
        logs = [
            {
                "name": "prefect",
                "level": 20,
                "message": f"{n} {line}",
                "timestamp": now,
                "flow_run_id": run["id"],
            }
            for n in range(12)
        ]
        up.api("/logs/", logs)
        if number % 4 == 0:
            table = {"key": "verdicts", "type": "table", "data": "[]", "flow_run_id": run["id"]}
            up.api("/artifacts/", table)


def megabytes(up: Up) -> tuple[float, float]:
    """Size of Prefect's database, and the part of it that is free for what comes next."""
    with sqlite3.connect(f"file:{up.home}/prefect/prefect.db?mode=ro", uri=True) as store:
        pages, free, size = (
            store.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count", "page_size")
        )
    return pages * size / 1e6, free * size / 1e6


def mine(up: Up) -> int:
    return int(up.api("/flow_runs/count", {"flow_runs": {"state": {"name": {"any_": [STATE]}}}}))


@pytest.mark.browser
@needs_chromium
def test_many_runs_later(up: Up, browser: webdriver.Chrome, rounds: Callable[[int, int], int]) -> None:  # noqa: F811
    many = rounds(40, 1000)
    up.ended(up.start("开启报送/季初开启", period="2019-Q3", as_of="2019-10-08"))
    make_runs(up, many)
    assert mine(up) == many
    site = f"http://127.0.0.1:{up.port}"
    browser.get(f"{site}/dashboard")  # the program itself is loaded once, as in a coordinator's browser
    time.sleep(3)
    took = {}
    for page, words in PAGES.items():
        before = time.monotonic()
        browser.get(site + page)
        while words not in browser.page_source:
            assert time.monotonic() - before < 60, page
            time.sleep(0.02)
        took[page] = round(time.monotonic() - before, 2)
    print(f"{many} runs: {took}, load {os.getloadavg()[0]:.1f}")  # noqa: T201
    assert max(took.values()) < SECONDS, took

    full, _ = megabytes(up)
    with temporary_settings({PREFECT_API_URL: f"{site}/api"}):
        assert forget(datetime.now(UTC) - timedelta(days=1), (STATE,)) == 0
        assert forget(datetime.now(UTC) + timedelta(minutes=1), (STATE,)) == many
    assert mine(up) == 0
    give_up = time.monotonic() + 120
    while megabytes(up)[1] < 0.2 * many * 12 * 300 / 1e6:  # the logs go a little later
        assert time.monotonic() < give_up, megabytes(up)
        time.sleep(1)
    make_runs(up, many)
    again, _ = megabytes(up)
    with temporary_settings({PREFECT_API_URL: f"{site}/api"}):
        forget(datetime.now(UTC) + timedelta(minutes=1), (STATE,))
    print(f"prefect.db {full:.1f} MB with {many} runs, {again:.1f} MB when they were removed and made again")  # noqa: T201
    # The room of runs and logs is used again; what grows are their events, which Prefect itself drops after a week.
    assert again < full * 1.6 + 2
