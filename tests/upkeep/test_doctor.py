"""``jibao doctor`` names what is wrong and what to do; ``/health`` tells a monitor the same in figures."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from played_office import NOW

from config.register import packaged
from flows import clock, logbook, steps, upkeep
from flows.cli import group
from flows.office import Office, open_office
from flows.service.serving import serve_site
from flows.upkeep.health import health_of

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def said(office: Office, name: str, at: Any = None) -> upkeep.Check:
    [check] = [c for c in upkeep.doctor(office, at or clock.now()) if c.name == name]
    return check


def test_each_line_names_the_command_or_the_setting_that_mends_it(office: Office) -> None:
    told = upkeep.doctor(office, clock.now())
    wrong = [c for c in told if not c.ok]
    assert {c.name for c in wrong} <= {"contacts", "backup", "disk"}
    for check in wrong:
        assert re.search(r"请", check.text), check.text
    assert len({c.name for c in told}) == len(told)
    upkeep.backup(office, clock.now())
    assert said(office, "backup").ok
    assert not said(office, "backup", clock.now() + timedelta(days=3)).ok


@pytest.mark.parametrize(
    ("damage", "name", "what"),
    [
        (lambda o: o.home.warehouse.write_bytes(b"\0" * 9000), "warehouse", "仓库"),
        (lambda o: o.home.warehouse.unlink(), "warehouse", "jibao rebuild"),
        (lambda o: shutil.rmtree(o.home.inbox / "SWJ"), "folder.units", "jibao init"),
        (lambda o: o.home.archive.chmod(0o777), "permissions", "chmod o-w"),
    ],
)
def test_what_is_broken_is_told(office: Office, damage: Any, name: str, what: str) -> None:
    damage(office)
    check = said(office, name)
    assert not check.ok and what in check.text


def test_own_files_are_named_and_misnamed_ones_are_told(office: Office) -> None:
    folder = office.home.config
    for path in folder.iterdir():
        path.unlink()
    assert said(office, "config.files").text.endswith("中没有本单位的文件，其余用随程序发布的")
    (folder / "settings.yml").write_bytes(packaged().joinpath("settings.yml").read_bytes())
    (folder / "templates").mkdir()
    for name in (".settings.yml.swp", "README.md"):
        (folder / name).write_bytes(b"")
    right = said(office, "config.files")
    assert right.ok and f"采用 {folder} 中的 settings.yml、templates，其余" in right.text
    for name in ("plan.yaml", "setings.yml", "contacts.yml.txt", "mine.csv"):
        (folder / name).write_bytes(b"")
    (folder / "units.yml").symlink_to(folder / "nowhere")
    (folder / "calendar.yml").mkdir()
    wrong = said(office, "config.files")
    assert not wrong.ok and "README" not in wrong.text and ".swp" not in wrong.text
    for told in (
        "plan.yaml（是否应为 plan.yml）",
        "setings.yml（是否应为 settings.yml）",
        "contacts.yml.txt（是否应为 contacts.yml）",
        "mine.csv、",
        "units.yml（断开的链接）",
        "calendar.yml（应为文件）",
        f"采用 {folder} 中的 settings.yml、templates，其余",
        "请改名或移走",
    ):
        assert told in wrong.text


def test_a_home_that_cannot_be_written_is_told_line_by_line(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended at the warehouse's lock, and said nothing of all the rest."""

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", f"{office.home.warehouse}.lock")

    monkeypatch.setattr("filelock.BaseFileLock.acquire", refused)
    told = {c.name: c for c in upkeep.doctor(office, clock.now())}
    for name in ("warehouse", "audit"):
        assert not told[name].ok and "没有写入权限或磁盘只读" in told[name].text
    assert {"disk", "smtp", "clock"} <= set(told)


def test_a_touched_audit_log_is_told(office: Office) -> None:
    with duckdb.connect(str(office.home.warehouse)) as con:
        con.execute("UPDATE audit SET actor = '别人' WHERE sequence = 2")
    check = said(office, "audit")
    assert not check.ok and "jibao audit verify" in check.text


def test_a_clock_set_back_is_told(office: Office) -> None:
    check = said(office, "clock.back", NOW - timedelta(days=400))
    assert not check.ok and "timedatectl" in check.text


def test_doctor_as_json(office: Office) -> None:
    answer = CliRunner().invoke(group, ["doctor", "--json", "--home", str(office.home.root)])
    told = json.loads(answer.output)
    assert {"name", "ok", "text"} == set(told[0]) and len(told) > 12


def test_a_secret_that_others_can_read_is_told(tmp_path: Path) -> None:
    secret = tmp_path / "smtp"
    secret.write_text("x")
    secret.chmod(0o644)
    office = open_office(tmp_path / "home")
    mail = office.config.settings.mail.model_copy(update={"password_file": str(secret)})
    settings = office.config.settings.model_copy(update={"mail": mail})
    office = replace(office, config=replace(office.config, settings=settings))
    office.home.create()
    assert not said(office, "secret.smtp").ok
    secret.chmod(0o600)
    assert said(office, "secret.smtp").ok


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"user": "u"}, "没有密码"),
        ({"user": "u", "password_file": "{}/none"}, "读不到密码文件 {}/none"),
        ({"user": "u", "password_file": "{}"}, "读不到密码文件 {}（Is a directory）"),
        ({"user": "u", "password_file": "{}/gbk"}, "读不到密码文件 {}/gbk（不是 UTF-8 文本）"),
        ({"security": "ssl", "ca_file": "{}/none.pem"}, "根证书 {}/none.pem 不存在"),
        ({}, "127.0.0.1:1 连不上"),
    ],
)
def test_what_mail_lacks_is_named_and_letters_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str], told: str
) -> None:
    """A missing password file was told as a server away, one in GBK ended the delivery with a codec's English."""
    monkeypatch.delenv("JIBAO_SMTP_PASSWORD", raising=False)
    (tmp_path / "gbk").write_bytes("密码".encode("gbk"))
    place = {key: value.format(tmp_path) for key, value in wrong.items()}
    office = open_office(tmp_path / "home")
    named = {"mode": "smtp", "port": 1, **place}
    mail = office.config.settings.mail.model_copy(update=named)
    office = replace(
        office,
        config=replace(office.config, settings=office.config.settings.model_copy(update={"mail": mail})),
    )
    office.home.create()
    check = said(office, "smtp")
    assert not check.ok and told.format(tmp_path) in check.text
    steps.open_cycle(office, "2019-Q3", NOW)
    waiting = steps.deliver(office, NOW)
    assert waiting.queued > 50 and waiting.failed == 0 and waiting.paused_reason is not None
    assert "codec" not in waiting.paused_reason and "Errno 2" not in waiting.paused_reason


def fetch(port: int) -> tuple[int, dict[str, Any]]:
    try:
        with DIRECT.open(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_health_over_http(office: Office) -> None:
    upkeep.backup(office, clock.now())
    with serve_site(office.home, "127.0.0.1", 0, health_of(office)) as port:
        status, told = fetch(port)
    assert status == 200 and told["status"] == "ok", told
    assert told["mails"]["sent"] > 10 and told["last_runs"]["report"]["outcome"] == "done"
    assert told["journal_sequence"] > 100 and len(told["journal_hash"]) == 64
    text = json.dumps(told, ensure_ascii=False)
    assert str(office.home.root) not in text and "@" not in text and "李统筹" not in text


def test_health_tells_what_is_wrong(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = office.home.inbox / "SWJ" / "x.xlsx"
    waiting.write_bytes(b"x")
    os.utime(waiting, (time.time() - 7200,) * 2)
    told = upkeep.health(office, clock.now())
    assert told["status"] == "degraded" and {"backup", "files_waiting"} <= set(told["problems"])
    assert told["files_waiting"] == 1 and told["oldest_file_wait_s"] >= 7200
    usage = shutil.disk_usage(office.home.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    assert upkeep.health(office, clock.now())["status"] == "failed"
    monkeypatch.undo()
    office.home.snapshot.write_bytes(b"no database")
    with serve_site(office.home, "127.0.0.1", 0, health_of(office)) as port:
        status, told = fetch(port)
    assert status == 503 and "warehouse" in told["problems"]


def test_log_lines_are_json_with_the_run_and_rotate(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.loads(x) for x in (office.home.logs / logbook.FILE).read_text("utf-8").splitlines()]
    assert lines and all({"time", "level", "event", "pid"} <= set(x) for x in lines)
    ended = [x for x in lines if x["event"] == "run_ended"]
    with office.reader() as reader:
        known = {r["run_id"] for r in reader.rows("list_last_runs")}
    assert known <= {x["run_id"] for x in ended} and all(x["time"].endswith("+08:00") for x in lines)
    monkeypatch.setattr(logbook, "MOST_BYTES", 2000)
    for n in range(100):
        logbook.write(office.home.logs, "tried", number=n, words="行\n伪造一行")
    files = sorted(office.home.logs.glob("jibao.jsonl*"))
    assert 3 < len([f for f in files if f.suffix != ".lock"]) <= logbook.GENERATIONS + 1
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            json.loads(line)  # a word with a line break makes no second line
