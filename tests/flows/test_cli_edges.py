"""What the command line says at its edges: a log that takes nothing, no server to register at, mail on its way."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock

from flows.cli import group

PERIOD = "2019-Q3"


def test_a_log_that_takes_nothing_is_not_pointed_at(tmp_path: Path) -> None:
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(b"no archive")
    for home in (tmp_path / "one", tmp_path / "two"):
        log = home / "logs" / "jibao.jsonl"
        if home.name == "two":
            log.mkdir(parents=True)  # what cannot be written to, by whomever
        shown = CliRunner().invoke(group, ["restore", "--home", str(home), str(bad)])
        assert shown.exit_code == 3 and "没有完成" in shown.stderr
        assert (f"详情见 {log}" in shown.stderr) is (home.name == "one") is log.is_file()


@pytest.mark.parametrize("words", [["deploy"], ["scale", "deploy"]])
def test_nothing_is_registered_into_a_server_of_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    home = tmp_path / "home"
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        shown = CliRunner().invoke(group, [*words, "--home", str(home)])
    assert shown.exit_code == 2 and not shown.stdout and not home.exists()
    [line] = shown.stderr.splitlines()
    assert "PREFECT_API_URL" in line and "jibao up" in line


def test_mail_that_another_delivery_sends_is_told_as_such(tmp_path: Path) -> None:
    words = ["--home", str(tmp_path), "--period", PERIOD, "--as-of", "2019-10-08"]
    (tmp_path / "outbox").mkdir()
    with FileLock(tmp_path / "outbox" / ".deliver.lock"):
        shown = CliRunner().invoke(group, ["open", *words])
    assert shown.exit_code == 0, shown.output
    [line] = shown.stderr.splitlines()
    assert line.startswith("另一次发送正在进行") and "没赶上的下次自动再寄" in line and "0 封" not in line
