"""A ``jibao up`` of its own: with a password, behind a reverse proxy under a path, killed and started again."""

from __future__ import annotations

import base64
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
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

SECRET = "jibao:correct-horse"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Up, list[int]]]:
    home = tmp_path_factory.mktemp("guarded") / "home"
    ports = free_ports(4)
    (home / "config").mkdir(parents=True)
    settings = (packaged() / "settings.yml").read_text("utf-8")
    public = settings.replace('public_url: ""', f'public_url: "http://127.0.0.1:{ports[3]}/jibao"')
    assert public != settings
    (home / "config" / "settings.yml").write_text(public, "utf-8")
    office = launch(home, ports[:3], PREFECT_SERVER_API_AUTH_STRING=SECRET)
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
    # Neither in a log nor in Prefect's database nor anywhere else below the home, plain or as it travels.
    spellings = (b"correct-horse", base64.b64encode(SECRET.encode()))
    for path in office.home.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert not [s for s in spellings if s in path.read_bytes()], path.name
    assert "correct-horse" not in office.printed.read_text("utf-8")


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
