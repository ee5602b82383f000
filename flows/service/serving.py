"""The static file server of ``jibao up``: the report site and the reports, read-only, and ``/health`` for monitors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from flows.home import Home

# What any page served here may do at most; each page narrows it further by its own rule. Previews of mails have styles inline.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
Health = Callable[[], Mapping[str, Any]]


class SiteHandler(SimpleHTTPRequestHandler):
    """``/`` is HOME/site, ``/reports/`` is HOME/reports; nothing else of the home can be reached."""

    # Not what Python and which version of it: nobody needs to know.
    server_version, sys_version = "jibao", ""

    def __init__(self, *args: Any, home: Home, health: Health | None = None, **settings: Any) -> None:
        self.home = home
        self.health = health
        super().__init__(*args, directory=str(home.site), **settings)

    def do_GET(self) -> None:  # noqa: N802 (http.server)
        if self.health is None or urlsplit(self.path).path != "/health":
            super().do_GET()
            return
        try:
            told = self.health()
        except Exception as error:  # a monitor must hear that something is wrong, whatever it is
            told = {"status": "failed", "problems": [type(error).__name__]}
        body = json.dumps(told, ensure_ascii=False, default=str).encode()
        self.send_response(503 if told["status"] == "failed" else 200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def translate_path(self, path: str) -> str:
        if urlsplit(path).path == "/favicon.ico":  # asked for by browsers on pages that name no icon
            path = "/assets/icon.svg"
        parts = [p for p in unquote(urlsplit(path).path).split("/") if p not in ("", ".", "..")]
        base = self.home.site
        if parts[:1] == ["reports"]:
            base, parts = self.home.root / "reports", parts[1:]
        wanted = base.joinpath(*parts)
        # A link inside the folder must not lead out of it.
        if not wanted.resolve().is_relative_to(base.resolve()):
            return str(base / "missing")
        return str(wanted) + ("/" if path.endswith("/") else "")

    def list_directory(self, path: Any) -> None:
        """Folders without a front page are not listed."""
        self.send_error(404)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # the terminal belongs to the URLs
        pass


@contextmanager
def serve_site(home: Home, host: str, port: int, health: Health | None = None) -> Iterator[int]:
    """Serves in the background; gives the port (0 lets the system choose).

    :param health: answers ``/health``: a mapping with ``status`` ok, degraded or failed (503)
    :raises OSError: the port is taken
    """
    with ThreadingHTTPServer((host, port), partial(SiteHandler, home=home, health=health)) as server:
        thread = threading.Thread(target=server.serve_forever, name="site", daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
