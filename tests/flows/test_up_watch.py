"""The watcher's decisions and the static site, without a server."""

from __future__ import annotations

import os
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from flows.home import Home
from flows.service.serving import serve_site
from flows.service.watch import AGAIN_SECONDS, Watcher, watch

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox" / "SWJ").mkdir(parents=True)
    return tmp_path / "inbox"


def drop(inbox: Path, name: str, age: float = 60, unit: str = "SWJ") -> Path:
    path = inbox / unit / name
    path.write_bytes(b"x")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_settled_files_are_told_once_and_by_unit(inbox: Path) -> None:
    told: list[dict[str, int]] = []
    watcher = Watcher(inbox, 2, lambda folders: told.append(dict(folders)))
    now = time.time()
    assert not watcher.look(now)
    drop(inbox, "a.xlsx")
    assert watcher.look(now) and not watcher.look(now + 5)
    drop(inbox, "b.xlsx")
    (inbox / "NYJ").mkdir()
    drop(inbox, "c.xlsx", unit="NYJ")
    drop(inbox, "d.xlsx", unit="NYJ")
    assert watcher.look(now + 6)
    assert told == [{"SWJ": 1}, {"SWJ": 1, "NYJ": 2}]


def test_a_growing_file_waits(inbox: Path) -> None:
    watcher = Watcher(inbox, 2, lambda _: None)
    drop(inbox, "a.xlsx", age=0)
    assert not watcher.look(time.time()) and watcher.growing
    assert watcher.look(time.time() + 3) and not watcher.growing


def test_what_stays_is_told_again_but_ever_more_rarely(inbox: Path) -> None:
    watcher = Watcher(inbox, 2, lambda _: None)
    drop(inbox, "a.xlsx")
    now = time.time()
    told = [t for t in range(0, 900, 5) if watcher.look(now + t)]
    first, second, last = AGAIN_SECONDS
    assert told == [0, first, first + second, first + second + last, first + second + 2 * last]
    drop(inbox, "b.xlsx")
    assert watcher.look(now + 1001) and watcher.look(now + 1001 + first)


def test_what_was_taken_and_comes_again_is_new(inbox: Path) -> None:
    watcher = Watcher(inbox, 2, lambda _: None)
    path = drop(inbox, "a.xlsx")
    now = time.time()
    assert watcher.look(now)
    path.rename(inbox / "aside.xlsx")
    (inbox / "aside.xlsx").rename(path.parent.parent / "gone.tmp")
    assert not watcher.look(now + 1)
    drop(inbox, "a.xlsx")
    assert watcher.look(now + 2)


def test_a_failed_start_is_tried_again(inbox: Path) -> None:
    answers = [OSError("server away"), None]

    def tell(_: object) -> None:
        if error := answers.pop(0):
            raise error

    watcher = Watcher(inbox, 2, tell)
    drop(inbox, "a.xlsx")
    with pytest.raises(OSError):
        watcher.look(time.time())
    assert watcher.look(time.time())


def test_watching_follows_a_file_until_it_has_settled(inbox: Path) -> None:
    told, stop = threading.Event(), threading.Event()
    watcher = Watcher(inbox, 0.5, lambda _: told.set())
    thread = threading.Thread(target=watch, args=(watcher, 0.3, stop))
    thread.start()
    try:
        (inbox / "SWJ" / "a.xlsx").write_bytes(b"x")
        assert told.wait(20)
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


def get(port: int, path: str) -> tuple[int, bytes]:
    try:
        with DIRECT.open(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


def test_the_site_serves_site_and_reports_and_nothing_else(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    (home.site / "index.html").write_text("首页", "utf-8")
    home.reports("2019-Q3").mkdir(parents=True)
    (home.reports("2019-Q3") / "summary.html").write_text("通报", "utf-8")
    (tmp_path / "config" / "contacts.yml").write_text("secret", "utf-8")
    (home.site / "link").symlink_to(tmp_path / "config" / "contacts.yml")
    with serve_site(home, "127.0.0.1", 0) as port:
        assert get(port, "/") == (200, "首页".encode())
        assert get(port, "/reports/2019-Q3/summary.html") == (200, "通报".encode())
        for path in ("/config/contacts.yml", "/../config/contacts.yml", "/%2e%2e/config/contacts.yml",
                     "/reports/../config/contacts.yml", "/reports/%2e%2e/config/contacts.yml", "/link"):  # fmt: skip
            assert get(port, path)[0] == 404, path
