"""An SMTP server that misbehaves on request, on a real loopback socket, one thread a connection.

``greetings`` is used up one word a connection: ok, hang, drip, drop, 421, refuse-tls. ``plan`` is used up one word a
mail: ok, mail-553, rcpt-421, rcpt-451, rcpt-550, data-451, data-550 (after the body), drop-mail (at MAIL),
hang-data (no 354), drip-data (354 byte by byte, without end), hang-body (body taken, no answer), drip-body,
drop-body (body half read), drop-after (body taken and kept, connection lost). When used up, everything is ok.
``refused`` gives some recipients 550 whatever the plan says.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_DRIP_S = 0.1


@dataclass(frozen=True)
class Taken:
    """A message the server took over, whatever the client learned of it."""

    recipient: str
    message_id: str
    body: bytes


class ScriptedServer:
    def __init__(
        self, plan: Iterable[str] = (), greetings: Iterable[str] = (), *, refused: Iterable[str] = (),
        security: str = "plain", pair: tuple[Path, Path] | None = None, login: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._plan = iter(plan)
        self._greetings = iter(greetings)
        self._refused = set(refused)
        self._security = security
        self._login = login
        self._tls: ssl.SSLContext | None = None
        if pair is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*pair)
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self.taken: list[Taken] = []
        self.offered: Counter[str] = Counter()  # RCPT commands by recipient
        self.drops = 0  # messages taken whose sender was not told
        self.logins = 0
        self.connections = 0
        self.ended = threading.Semaphore(0)  # released by each session that ended

    def __enter__(self) -> ScriptedServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def copies(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        return Counter(t.message_id for t in self.taken)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.append(sock)
                greeting = next(self._greetings, "ok")
            threading.Thread(target=self._serve, args=(sock, greeting), daemon=True).start()

    def _serve(self, sock: socket.socket, greeting: str) -> None:
        try:
            if self._security == "ssl" and self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            _Session(self, sock).run(greeting)
        except (OSError, ValueError):
            pass
        finally:
            sock.close()
            self.ended.release()


class _Session:
    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self._server = server
        self._sock = sock
        self._lines = sock.makefile("rb")
        self._secure = server._security == "ssl"
        self._in = server._login is None
        self._step = "ok"
        self._to = ""

    def run(self, greeting: str) -> None:
        if greeting == "drop":
            return
        if greeting == "421":
            self._say("421 too busy")
            return
        if greeting in ("hang", "drip"):
            self._stall(greeting, b"220-" + b"x" * 500)
            return
        self._refuse_tls = greeting == "refuse-tls"
        self._say("220 scripted ESMTP")
        while (line := self._lines.readline()) and self._answer(line.decode("ascii").strip()):
            pass

    def _answer(self, line: str) -> bool:
        verb = line.split(" ")[0].upper()
        if verb in ("EHLO", "HELO"):
            self._say("\r\n".join(["250-scripted", *self._offers(), "250 SIZE 100000000"]))
        elif verb == "STARTTLS":
            self._start_tls()
        elif verb == "AUTH":
            self._authenticate(line)
        elif verb == "MAIL":
            return self._mail()
        elif verb == "RCPT":
            return self._rcpt(line)
        elif verb == "DATA":
            return self._data()
        elif verb == "QUIT":
            self._say("221 bye")
            return False
        else:
            self._say("250 ok")
        return True

    def _offers(self) -> list[str]:
        tls = self._server._security == "starttls" and not self._secure and not self._refuse_tls
        auth = self._server._login is not None and (self._secure or self._server._security == "plain")
        return ["250-STARTTLS"] * tls + ["250-AUTH PLAIN"] * auth

    def _start_tls(self) -> None:
        assert self._server._tls is not None
        self._say("220 go")
        self._sock = self._server._tls.wrap_socket(self._sock, server_side=True)
        with self._server._lock:
            self._server._open.append(self._sock)
        self._lines = self._sock.makefile("rb")
        self._secure = True

    def _authenticate(self, line: str) -> None:
        sent = line.split(" ")[2]
        self._in = tuple(base64.b64decode(sent).decode().split("\0")[1:]) == self._server._login
        self._server.logins += self._in
        # Quoting what was sent is what a chatty server does; the client must not repeat it.
        self._say("235 ok" if self._in else f"535 no: {sent} {base64.b64decode(sent).decode()[1:]!r}")

    def _mail(self) -> bool:
        if not self._in:
            self._say("530 login first")
            return True
        with self._server._lock:
            self._step = next(self._server._plan, "ok")
        if self._step == "drop-mail":
            return False
        self._say("553 not you" if self._step == "mail-553" else "250 ok")
        return True

    def _rcpt(self, line: str) -> bool:
        found = re.search(r"<(.*)>", line)
        assert found is not None
        self._to = found[1]
        with self._server._lock:
            self._server.offered[self._to] += 1
        if self._to in self._server._refused:
            self._say("550 no such user")
        elif self._step.startswith("rcpt-"):
            self._say(f"{self._step[5:]} refused by script")
            return self._step != "rcpt-421"
        else:
            self._say("250 ok")
        return True

    def _data(self) -> bool:
        if self._step in ("hang-data", "drip-data"):
            self._stall(self._step, b"354-" + b"x" * 500)
            return False
        self._say("354 go")
        body = bytearray()
        while (line := self._lines.readline()) not in (b".\r\n", b""):
            body += line
            if self._step == "drop-body":
                return False
        if line == b"":
            return False
        if self._step in ("data-451", "data-550"):
            self._say(f"{self._step[5:]} refused by script")
            return True
        found = re.search(rb"^Message-ID: (\S+)", body, re.I | re.M)
        with self._server._lock:
            self._server.taken.append(Taken(self._to, found[1].decode() if found else "", bytes(body)))
        if self._step in ("hang-body", "drip-body"):
            self._stall(self._step, b"250-" + b"x" * 500)
            return False
        if self._step == "drop-after":
            self._server.drops += 1
            return False
        self._say("250 taken")
        return True

    def _stall(self, how: str, words: bytes) -> None:
        """Says nothing, or one byte at a time, until the client goes away or the server closes."""
        self._sock.settimeout(_DRIP_S)
        for byte in words * 10:
            if how.startswith("drip"):
                self._sock.sendall(bytes([byte]))
            try:
                if self._sock.recv(1) == b"" or self._server._over.is_set():
                    return
            except TimeoutError:
                continue

    def _say(self, text: str) -> None:
        self._sock.sendall(text.encode() + b"\r\n")


def self_signed(folder: Path, host: str = "localhost") -> tuple[Path, Path]:
    """A certificate for ``host`` and 127.0.0.1, and its key; its own authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    names = x509.SubjectAlternativeName(
        [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=30))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "server.pem", folder / "server.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths
