"""The static file server of ``jibao up``: the report site and the reports, read-only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from flows.home import Home


class SiteHandler(SimpleHTTPRequestHandler):
    """``/`` is HOME/site, ``/reports/`` is HOME/reports; nothing else of the home can be reached."""

    def __init__(self, *args: Any, home: Home, **settings: Any) -> None:
        self.home = home
        super().__init__(*args, directory=str(home.site), **settings)

    def translate_path(self, path: str) -> str:
        parts = [p for p in unquote(urlsplit(path).path).split("/") if p not in ("", ".", "..")]
        base = self.home.site
        if parts[:1] == ["reports"]:
            base, parts = self.home.root / "reports", parts[1:]
        wanted = base.joinpath(*parts)
        # A link inside the folder must not lead out of it.
        if not wanted.resolve().is_relative_to(base.resolve()):
            return str(base / "missing")
        return str(wanted) + ("/" if path.endswith("/") else "")

    def end_headers(self) -> None:
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # the terminal belongs to the URLs
        pass


@contextmanager
def serve_site(home: Home, host: str, port: int) -> Iterator[int]:
    """Serves in the background; gives the port (0 lets the system choose).

    :raises OSError: the port is taken
    """
    with ThreadingHTTPServer((host, port), partial(SiteHandler, home=home)) as server:
        thread = threading.Thread(target=server.serve_forever, name="site", daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
