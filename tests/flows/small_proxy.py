"""A reverse proxy as an office would have one: everything below a path goes to ``jibao up``, as docs/operations.md says.

It speaks plain HTTP only; the UI falls back to asking where it finds no WebSocket.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "upgrade",
    "te",
    "trailer",
    "content-length",
    "date",
    "server",
}


@contextmanager
def proxied(port: int, base: str, server_port: int) -> Iterator[None]:
    """Serves ``base`` (such as ``/jibao``) on ``port``: its ``api`` from the server's ``/api``, the pages unchanged."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            if not self.path.startswith(base + "/"):
                return self.send_error(404)
            path = self.path.removeprefix(base) if self.path.startswith(base + "/api/") else self.path
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            there = http.client.HTTPConnection("127.0.0.1", server_port, timeout=30)
            kept = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
            there.request(self.command, path, body or None, kept)
            answer = there.getresponse()
            data = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            there.close()
            return None

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = forward

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
