"""A ``jibao up`` of its own: with a password, behind a reverse proxy under a path, killed and started again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import canaries
import pytest
import yaml
from running_office import Up, free_ports, launch, wait_until_up
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from small_proxy import proxied
from test_up_browser import browser, keep, needs_chromium

from config.register import packaged
from flows.service.processes import descendants

__all__ = ["browser"]

pytestmark = [pytest.mark.server]

SECRET = canaries.API
# What every flow run of this office reads first: its reminding fails with both passwords in the error's words.
FAILING = """
import os
if os.environ.get("PREFECT__FLOW_RUN_ID"):
    from flows import steps
    from flows.mailing.transport import read_password
    from flows.steps.deciding import DecisionRefused

    def fail(office, *args, **kwargs):
        words = f"lost with {read_password(office.config.settings.mail)} and {os.environ['PREFECT_API_AUTH_STRING']}"
        raise (DecisionRefused if "refuse" in office.trigger else RuntimeError)(words)

    steps.remind = fail
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Up, list[int]]]:
    root = tmp_path_factory.mktemp("guarded")
    home, secret_file = root / "home", root / "secret" / "smtp"
    ports = free_ports(4)
    for folder in (home / "config", secret_file.parent, root / "failing"):
        folder.mkdir(parents=True)
    secret_file.write_text(canaries.MAIL + "\n", "utf-8")
    secret_file.chmod(0o600)
    (root / "failing" / "sitecustomize.py").write_text(FAILING, "utf-8")
    settings = yaml.safe_load((packaged() / "settings.yml").read_text("utf-8"))
    settings["prefect"]["public_url"] = f"http://127.0.0.1:{ports[3]}/jibao"
    with canaries.refusing_server(quoting=True) as port:
        settings["mail"] |= {
            "mode": "smtp", "host": "127.0.0.1", "port": port, "user": "jibao", "password_file": str(secret_file),
        }  # fmt: skip
        (home / "config" / "settings.yml").write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
        office = launch(
            home, ports[:3], PREFECT_SERVER_API_AUTH_STRING=SECRET, PYTHONPATH=str(root / "failing")
        )
        try:
            wait_until_up(office)
            yield office, ports
        finally:
            if office.process.poll() is None:
                for pid in (*descendants(office.process.pid), office.process.pid):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                office.process.wait(10)


def test_without_the_password_nobody_gets_in(guarded: tuple[Up, list[int]]) -> None:
    office, _ = guarded
    for path in ("/deployments/name/x/y", "/flow_runs/count", "/csrf-token?client=a"):
        with pytest.raises(OSError, match="401"):
            office.api(path)


def test_failed_runs_leave_no_password_anywhere(guarded: tuple[Up, list[int]]) -> None:
    """A run whose error nobody foresaw, one whose error is shown to people, the alarm, and a mail server that
    quotes the password it refuses: nothing of it is in Prefect's database, logs, artifacts, mails or the home."""
    office = replace(guarded[0], auth=SECRET)
    ends = [office.ended(office.start("催报/每日催报", actor=why)) for why in ("unforeseen", "refuse")]
    assert [run["state"]["name"] for run in ends] == ["办理失败", "不能办理"]
    assert ends[1]["state"]["message"] == "lost with *** and ***"
    give_up = time.monotonic() + 120
    told = {"flow_runs": {"tags": {"all_": ["告警"]}, "state": {"type": {"any_": ["COMPLETED"]}}}}
    while not office.api("/flow_runs/filter", told):
        assert time.monotonic() < give_up, office.log()
        time.sleep(1)
    home = office.home
    mails = list(canaries.mails(home / "warehouse.snapshot.duckdb"))
    assert any("催报" in text for text in mails) and any("不接受登录" in text for text in mails)
    stored = list(canaries.rows(home / "prefect" / "prefect.db"))
    assert len(stored) > 200 and any("lost with *** and ***" in row for row in stored)
    answers = [
        str(office.api(f"/{what}/filter", {}))
        for what in ("flow_runs", "task_runs", "logs", "artifacts", "events")
    ]
    spoken = [*mails, *stored, *answers, office.printed.read_text("utf-8")]
    assert [text[:200] for text in spoken if canaries.told(text)] == []
    assert canaries.leaks(home) == []
    trace = (home / "logs" / "jibao.jsonl").read_text("utf-8")
    assert "RuntimeError: lost with *** and ***" in trace and "Traceback" in trace


@pytest.mark.browser
@needs_chromium
def test_behind_a_proxy_under_a_path(guarded: tuple[Up, list[int]], browser: webdriver.Chrome) -> None:  # noqa: F811
    office, ports = guarded
    with proxied(ports[3], "/jibao", office.port):
        browser.get(f"http://127.0.0.1:{ports[3]}/jibao/deployments")
        box = WebDriverWait(browser, 60).until(
            lambda b: b.find_element(By.CSS_SELECTOR, "input[type=password]")
        )
        keep(browser, "password")
        box.send_keys(SECRET)
        box.submit()
        WebDriverWait(browser, 60).until(lambda b: "手工重跑" in b.page_source)
        assert browser.current_url.startswith(f"http://127.0.0.1:{ports[3]}/jibao/")


def test_a_second_one_on_the_same_home_is_refused(guarded: tuple[Up, list[int]]) -> None:
    office, _ = guarded
    second = launch(office.home, free_ports(3))
    try:
        assert second.process.wait(60) == 2
        [line] = second.printed.read_text("utf-8").splitlines()
        assert "已在运行" in line
    finally:
        second.process.kill()


def test_what_a_killed_one_left_is_ended_by_the_next(guarded: tuple[Up, list[int]]) -> None:
    office, ports = guarded
    orphans = descendants(office.process.pid)
    office.process.kill()
    office.process.wait(10)
    time.sleep(1)
    assert len([pid for pid in orphans if alive(pid)]) >= 3
    again = launch(office.home, ports[:3], PREFECT_SERVER_API_AUTH_STRING=SECRET)
    try:
        wait_until_up(again)
        assert [pid for pid in orphans if alive(pid)] == []
        assert "已结束遗留的" in again.printed.read_text("utf-8")
        family = descendants(again.process.pid)
        assert len(family) >= 3
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(60) == 0
        assert [pid for pid in family if alive(pid)] == []
    finally:
        again.process.kill()
        again.process.wait(10)


def alive(pid: int) -> bool:
    """Not a zombie: nobody may reap what lost its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
