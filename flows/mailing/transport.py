"""One SMTP connection: yagmail connects and logs in, one mail is one attempt, every attempt ends in an Outcome.

Belongs here: sockets, TLS, deadlines. Does not: what an answer means (flows.mailing.smtp_answers), the queue
(warehouse.ledger), composing, files. Imported only where mail really leaves: yagmail is not free to import.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

import yagmail

from flows.mailing.smtp_answers import Attempt, by_code, login_failed, mail_failed, spellings
from warehouse.ledger import Outcome

RECEIVE_TIMEOUT_S = 20  # one silent read; the deadline bounds the whole mail
_GRACE_S = 0.5  # after a cut connection, for the worker to say what it had already learned
_QUIT_S = 2


class MailSettings(Protocol):
    """The part of settings.yml this room needs (config.settings.Mail)."""

    @property
    def mode(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def security(self) -> str: ...
    @property
    def ca_file(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def password_file(self) -> str: ...
    @property
    def sender_address(self) -> str: ...
    @property
    def deadline_s(self) -> float: ...
    @property
    def max_attempts(self) -> int: ...


class _Link:
    """What the waiting thread can see and stop of a session the worker is in."""

    def __init__(self) -> None:
        self.cut = False
        self.handed_over = False
        self._handle: socket.socket | None = None

    def hold(self, sock: socket.socket) -> None:
        """Keeps an own handle: STARTTLS detaches the socket, so the first object soon reaches nothing."""
        self.release()
        self._handle = socket.fromfd(sock.fileno(), sock.family, sock.type)

    def release(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    def abort(self) -> None:
        # The order matters: the worker sets handed_over before it looks at cut, so whoever comes second knows.
        self.cut = True
        handle = self._handle
        if handle is not None:
            # Wakes a worker that reads; it closes the descriptors itself, nobody else may reuse them meanwhile.
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)


class _Session:
    """Mixed into the SMTP class yagmail chose: knows when the letter's own bytes begin to leave."""

    link: _Link
    _in_data = False

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().connect(*args, **kwargs)  # type: ignore[misc]
        # Nagle with delayed ACK costs 40 ms a mail on a reused connection.
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # type: ignore[attr-defined]
        return answer

    def _get_socket(self, *args: Any) -> Any:
        sock = super()._get_socket(*args)  # type: ignore[misc]
        self.link.hold(sock)
        if self.link.cut:
            raise ConnectionAbortedError("deadline")
        return sock

    def data(self, msg: bytes) -> Any:
        self._in_data = True
        try:
            return super().data(msg)  # type: ignore[misc]
        finally:
            self._in_data = False

    def send(self, s: str | bytes) -> None:
        if self._in_data and isinstance(s, bytes):  # commands are str; bytes are the letter itself
            self.link.handed_over = True
        if self.link.cut:
            raise ConnectionAbortedError("deadline")
        super().send(s)  # type: ignore[misc]


class _Mailer(yagmail.SMTP):
    """yagmail without its own sending: no retries, no second copies, no message building."""

    def __init__(self, settings: MailSettings, password: str | None, link: _Link) -> None:
        context = _tls(settings)
        options: dict[str, Any] = {"timeout": RECEIVE_TIMEOUT_S}
        if settings.security == "ssl":
            options["context"] = context
        super().__init__(
            user=settings.sender_address, password=password, host=settings.host, port=settings.port,
            smtp_ssl=settings.security == "ssl",
            smtp_starttls={"context": context} if settings.security == "starttls" else False,
            smtp_skip_login=not settings.user, soft_email_validation=False, **options,
        )  # fmt: skip
        self.user = settings.user  # a login name need not be an address; yagmail would append a domain
        self.link = link

    @property
    def connection(self) -> Any:
        return type("Session", (_Session, super().connection), {"link": self.link})

    def send(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("one attempt a mail: use Transport.send")

    send_unsent = send


class Transport:
    """One connection, opened by the first mail and reopened when it broke. Use as a context manager.

    A worker thread talks to the server, so that not even a server that drips one byte at a time can hold the
    caller beyond ``settings.deadline_s``; a session that overran is cut and never used again.
    """

    def __init__(self, settings: MailSettings, password: str | None = None) -> None:
        self._settings = settings
        self._password = password
        self._secrets = spellings(settings.user, password)
        self._worker: _Worker | None = None

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, *_: object) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            if worker.ask(worker.quit) and not worker.wait(_QUIT_S):
                worker.link.abort()
            worker.stop()

    def send(
        self,
        recipient: str,
        eml: bytes,
        *,
        slow_after: float = 0.5,
        when_slow: Callable[[], None] = lambda: None,
    ) -> Attempt:
        """One attempt to hand ``eml`` to the server for one recipient; connects first when needed.

        :param when_slow: called once when ``slow_after`` seconds passed without an answer
        """
        worker = self._worker = self._worker or _Worker(self._settings, self._password)
        deadline = self._settings.deadline_s
        worker.ask(lambda: worker.attempt(recipient, eml))
        deadline -= min(_GRACE_S, deadline / 10)  # the grace of a cut connection is within the bound
        first = min(slow_after, deadline)
        if not worker.wait(first):
            when_slow()
            if not worker.wait(deadline - first):
                return self._overrun(worker)
        attempt = worker.answer()
        return Attempt(attempt.outcome, attempt.code, self._clean(attempt.text))

    def _overrun(self, worker: _Worker) -> Attempt:
        self._worker = None
        worker.link.abort()
        worker.stop()
        if worker.wait(min(_GRACE_S, self._settings.deadline_s / 10)):
            known = worker.answer()
            if known.code is not None or known.outcome is Outcome.SENT:
                return Attempt(known.outcome, known.code, self._clean(known.text))
        said = f"邮件服务器 {self._settings.deadline_s:g} 秒内没有完成"
        if worker.link.handed_over:
            return Attempt(Outcome.UNSURE, None, f"{said}，正文已交出，不知是否送达")
        return Attempt(Outcome.CHANNEL, None, f"{said}，正文未交出")

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


class _Worker:
    """A daemon thread with its own session; it dies with the process even if a server never lets go."""

    def __init__(self, settings: MailSettings, password: str | None) -> None:
        self.link = _Link()
        self._settings = settings
        self._password = password
        self._mailer: _Mailer | None = None
        self._jobs: SimpleQueue[Callable[[], Attempt | None] | None] = SimpleQueue()
        self._done = threading.Event()
        self._answer: Attempt | None = None
        threading.Thread(target=self._run, name="jibao-mail", daemon=True).start()

    def ask(self, job: Callable[[], Attempt | None]) -> bool:
        self._done.clear()
        self._jobs.put(job)
        return True

    def wait(self, seconds: float) -> bool:
        return self._done.wait(max(seconds, 0))

    def answer(self) -> Attempt:
        assert self._answer is not None
        return self._answer

    def stop(self) -> None:
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._answer = job()
            self._done.set()

    def attempt(self, recipient: str, eml: bytes) -> Attempt:
        reused = self._mailer is not None and self._is_open()
        attempt = self._try(recipient, eml)
        # A server may close an idle connection; nothing was handed over, so a fresh one is the same attempt.
        if reused and attempt.outcome is Outcome.CHANNEL and attempt.code is None and not self.link.cut:
            self._drop()
            attempt = self._try(recipient, eml)
        if attempt.outcome in (Outcome.CHANNEL, Outcome.UNSURE, Outcome.AUTH) or not self._is_open():
            self._drop()
        return attempt

    def _try(self, recipient: str, eml: bytes) -> Attempt:
        self.link.handed_over = False
        if not self._is_open():
            try:
                self._mailer = _Mailer(self._settings, self._password, self.link)
                self._mailer.login()
            except Exception as error:  # whatever goes wrong before a mail is offered is the channel's fault
                return login_failed(error)
        assert self._mailer is not None
        try:
            refused = self._mailer.smtp.sendmail(self._settings.sender_address, [recipient], eml)
        except Exception as error:
            return mail_failed(error, recipient, self.link.handed_over)
        if refused:
            return by_code(*refused.get(recipient, next(iter(refused.values()))))
        return Attempt(Outcome.SENT, 250, "已发出")

    def _is_open(self) -> bool:
        return self._mailer is not None and getattr(self._mailer.smtp, "sock", None) is not None

    def _drop(self) -> None:
        if self._mailer is not None:
            self._mailer.is_closed = True  # yagmail's destructor would say QUIT to a server that hangs
            if self._mailer.smtp is not None:
                with suppress(Exception):
                    self._mailer.smtp.close()
        self._mailer = None
        self.link.release()

    def quit(self) -> None:
        if self._mailer is not None and self._is_open():
            with suppress(Exception):
                self._mailer.smtp.quit()
        self._drop()


def read_password(settings: MailSettings) -> str | None:
    """The password from ``password_file`` (first line) or JIBAO_SMTP_PASSWORD; None without either.

    :raises OSError: the file is named but cannot be read, or is not text
    """
    if settings.password_file:
        try:
            lines = Path(settings.password_file).read_text("utf-8").splitlines()
        except UnicodeDecodeError:  # its message quotes what may be a part of the password
            raise OSError(errno.EILSEQ, "不是 UTF-8 文本", settings.password_file) from None
        return lines[0].strip() if lines else None
    return os.environ.get("JIBAO_SMTP_PASSWORD") or None


def _tls(settings: MailSettings) -> ssl.SSLContext:
    # yagmail verifies nothing unless it is given a context; this one checks chain and host name.
    return ssl.create_default_context(cafile=settings.ca_file or None)
