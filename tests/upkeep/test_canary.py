"""Canaries in the place of every secret: after refused logins, failed runs and traces they are found nowhere else."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from canaries import API, MAIL, SPELLINGS, leaks, refusing_server

from config.calendar import SHANGHAI
from config.register import packaged
from flows import logbook
from flows.secrecy import known_secrets, redact

AS_OF = datetime(2019, 10, 8, 9, tzinfo=SHANGHAI)


def office_with(home: Path, port: int, password_file: Path | None) -> None:
    settings = yaml.safe_load(packaged().joinpath("settings.yml").read_text("utf-8"))
    settings["mail"] |= {
        "mode": "smtp", "host": "127.0.0.1", "port": port, "user": "jibao",
        "password_file": str(password_file) if password_file else "",
    }  # fmt: skip
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.yml").write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")


def run(home: Path, *words: str, code: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    program = code or "from flows.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words, "--home", str(home)],
        capture_output=True, text=True, check=False, env=os.environ | env, timeout=300,
    )  # fmt: skip


_FAILING = """
import sys
from flows import steps
from flows.cli import main
def fail(*args, **kwargs):
    from flows.mailing.transport import read_password
    from flows.office import open_office
    import os
    secret = read_password(args[0].config.settings.mail)
    raise RuntimeError(f"lost with {secret} and {os.environ.get('PREFECT_SERVER_API_AUTH_STRING')}")
steps.remind = fail
import flows.steps.reminding as r
r.remind = fail
main()
"""


@pytest.fixture
def refused(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """An office whose mail server refuses its login and quotes the password in doing so; its password file."""
    secret_file = tmp_path / "secret" / "smtp"
    secret_file.parent.mkdir()
    secret_file.write_text(MAIL + "\n", "utf-8")
    secret_file.chmod(0o600)
    with refusing_server(quoting=True) as port:
        office_with(tmp_path / "home", port, secret_file)
        yield tmp_path / "home", secret_file


def test_no_secret_in_anything_that_is_written(refused: tuple[Path, Path]) -> None:
    home, env = refused[0], {"PREFECT_SERVER_API_AUTH_STRING": API}
    said = [
        run(home, "open", "--period", "2019-Q3", "--as-of", "2019-10-08", **env),  # login refused
        run(home, "doctor", **env),
        run(home, "remind", code=_FAILING, **env),  # a failure whose words hold both secrets
        run(home, "backup", **env),
    ]
    assert said[0].returncode == 3 and "不接受登录" in said[0].stderr
    assert said[2].returncode == 3 and "***" in said[2].stderr
    assert said[3].returncode == 0
    spoken = "".join(s.stdout + s.stderr for s in said)
    assert not [s for s in SPELLINGS if s in spoken]
    assert leaks(home) == []
    log = (home / "logs" / logbook.FILE).read_text("utf-8")
    assert "lost with ***" in log and "Traceback" in log  # the trace is there, the secret is not


def test_the_canary_would_be_found(tmp_path: Path) -> None:
    """The search itself works: a test that cannot fail proves nothing."""
    (tmp_path / "log").write_text(f"x {base64.b64encode(MAIL.encode()).decode()} y")
    assert leaks(tmp_path)


def test_masking_knows_every_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", API)
    monkeypatch.setenv("JIBAO_SMTP_PASSWORD", MAIL)
    text = " ".join(SPELLINGS - {base64.b64encode(f"\0jibao\0{MAIL}".encode()).decode()})
    assert set(redact(text).split()) == {"***"}
    assert "" not in known_secrets()
