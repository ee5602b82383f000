"""One attempt against servers that misbehave: what it comes to, how long it takes, what it says."""

from __future__ import annotations

import base64
import threading
import time
from pathlib import Path

import pytest
from mail_samples import NOW, Settings, address, letter
from smtp_script import ScriptedServer, self_signed

from flows.mailing.transport import Attempt, Transport, read_password
from warehouse.ledger import Outcome

PASSWORD = "canary+/Key-7391"
LOGIN = ("office", PASSWORD)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


def attempt(
    server: ScriptedServer, password: str | None = None, mails: int = 1, **changes: object
) -> list[Attempt]:
    settings = Settings(port=server.port, **changes)  # type: ignore[arg-type]
    with Transport(settings, password) as transport:
        return [transport.send(address(i), letter(i).eml) for i in range(mails)]


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_encrypted_session_with_login(security: str, pair: tuple[Path, Path]) -> None:
    with ScriptedServer(security=security, pair=pair, login=LOGIN) as server:
        for host in ("127.0.0.1", "localhost"):
            answers = attempt(
                server, PASSWORD, 3, security=security, ca_file=str(pair[0]), user=LOGIN[0], host=host
            )
            assert [a.outcome for a in answers] == [Outcome.SENT] * 3
        assert len(server.taken) == 6 and server.connections == 2 and server.logins == 2


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_untrusted_certificate_gets_no_mail_and_no_password(security: str, pair: tuple[Path, Path]) -> None:
    with ScriptedServer(security=security, pair=pair, login=LOGIN) as server:
        [answer] = attempt(server, PASSWORD, security=security, user=LOGIN[0])
        assert answer.outcome is Outcome.CHANNEL and "证书不可信" in answer.text
        assert not server.taken and not server.logins


def test_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    pair = self_signed(tmp_path, "other.example")
    with ScriptedServer(security="ssl", pair=pair) as server:
        [answer] = attempt(server, security="ssl", ca_file=str(pair[0]), host="localhost")
        assert answer.outcome is Outcome.CHANNEL and "证书不可信" in answer.text


def test_no_fallback_to_plain_text(pair: tuple[Path, Path]) -> None:
    with ScriptedServer(greetings=["refuse-tls"], security="starttls", pair=pair, login=LOGIN) as server:
        [answer] = attempt(server, PASSWORD, security="starttls", ca_file=str(pair[0]), user=LOGIN[0])
        assert answer.outcome is Outcome.CHANNEL and not server.logins and not server.taken


@pytest.mark.parametrize(
    ("step", "outcome", "code"),
    [
        ("rcpt-421", Outcome.REJECTED_TEMPORARY, 421),
        ("rcpt-451", Outcome.REJECTED_TEMPORARY, 451),
        ("rcpt-550", Outcome.REJECTED, 550),
        ("data-451", Outcome.REJECTED_TEMPORARY, 451),
        ("data-550", Outcome.REJECTED, 550),
        ("mail-553", Outcome.AUTH, 553),
        ("drop-body", Outcome.UNSURE, None),
        ("drop-after", Outcome.UNSURE, None),
    ],
)
def test_answers_mean(step: str, outcome: Outcome, code: int | None) -> None:
    with ScriptedServer([step]) as server:
        first, second = attempt(server, mails=2)
        assert (first.outcome, first.code) == (outcome, code)
        assert second.outcome is Outcome.SENT, "the next mail does not suffer from the last one"


def test_an_idle_connection_closed_by_the_server_is_opened_again() -> None:
    with ScriptedServer(["ok", "drop-mail"]) as server:
        assert [a.outcome for a in attempt(server, mails=3)] == [Outcome.SENT] * 3
        assert server.connections == 2 and max(server.copies().values()) == 1


@pytest.mark.parametrize("greeting", ["421", "drop"])
def test_turned_away_at_the_door(greeting: str) -> None:
    with ScriptedServer(greetings=[greeting]) as server:
        first, second = attempt(server, mails=2)
        assert first.outcome is Outcome.CHANNEL and second.outcome is Outcome.SENT


@pytest.mark.parametrize("security", ["plain", "starttls"])
@pytest.mark.parametrize(
    ("greeting", "step", "outcome"),
    [
        ("hang", "ok", Outcome.CHANNEL),
        ("drip", "ok", Outcome.CHANNEL),
        ("ok", "hang-data", Outcome.CHANNEL),
        ("ok", "drip-data", Outcome.CHANNEL),
        ("ok", "hang-body", Outcome.UNSURE),
        ("ok", "drip-body", Outcome.UNSURE),
    ],
)
def test_a_server_that_never_ends_is_cut_at_the_deadline(
    security: str, greeting: str, step: str, outcome: Outcome, pair: tuple[Path, Path]
) -> None:
    slow = threading.Event()
    with ScriptedServer([step], [greeting], security=security, pair=pair) as server:
        settings = Settings(server.port, security=security, ca_file=str(pair[0]), deadline_s=1)
        with Transport(settings) as transport:
            began = time.monotonic()
            answer = transport.send(address(0), letter(0).eml, slow_after=0.2, when_slow=slow.set)
            took = time.monotonic() - began
            assert answer.outcome is outcome and "1 秒内没有完成" in answer.text
            assert took <= 1.3 and slow.is_set()
            assert server.ended.acquire(timeout=1), "the session was cut, not abandoned"
            assert transport.send(address(1), letter(1).eml).outcome is Outcome.SENT
        deadline = time.monotonic() + 2
        while any(t.name == "jibao-mail" for t in threading.enumerate()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not [t for t in threading.enumerate() if t.name == "jibao-mail"]


def test_the_password_is_in_no_answer(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    with ScriptedServer(login=("office", "another")) as server:
        [answer] = attempt(server, PASSWORD, user="office")
    assert answer.outcome is Outcome.AUTH and answer.code == 535
    said = answer.text + repr(answer) + caplog.text + "".join(capfd.readouterr())
    for spelling in (PASSWORD, base64.b64encode(f"\0office\0{PASSWORD}".encode()).decode()):
        assert spelling not in said
    assert "***" in answer.text


def test_a_password_smtp_cannot_carry_is_told_and_not_shown() -> None:
    with ScriptedServer(login=("office", "x")) as server:
        [answer] = attempt(server, "密码-canary", user="office")
    assert answer.outcome is Outcome.AUTH and "非 ASCII" in answer.text and "canary" not in answer.text


def test_the_password_is_the_first_line_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD} \nsecond line\n", "utf-8")
    assert read_password(Settings(password_file=str(file))) == PASSWORD
    monkeypatch.setenv("JIBAO_SMTP_PASSWORD", "from-env")
    assert read_password(Settings()) == "from-env"
    with pytest.raises(OSError, match="absent"):
        read_password(Settings(password_file=str(tmp_path / "absent")))


def test_date_is_frozen_in_the_letter() -> None:
    assert letter(0).eml == letter(0).eml and NOW.strftime("%d %b %Y").encode() in letter(0).eml
