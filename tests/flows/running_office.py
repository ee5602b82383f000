"""A ``jibao up`` in a process of its own, as tests drive it: API, site, printed lines."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flows.service.processes import descendants

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@dataclass
class Up:
    home: Path
    process: subprocess.Popen[str]
    port: int
    site_port: int
    smtp_port: int
    printed: Path
    client: str = field(default_factory=lambda: str(uuid.uuid4()))
    token: str = ""
    auth: str = ""  # user:password of a server that wants one

    def api(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """The answer to a GET, or with a ``body`` to a POST (with the token that protects from forged requests)."""
        if body is not None and not self.token:
            self.token = self.api(f"/csrf-token?client={self.client}")["token"]
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"}
            | ({"Prefect-Csrf-Token": self.token, "Prefect-Csrf-Client": self.client} if self.token else {})
            | ({"Authorization": f"Basic {b64encode(self.auth.encode()).decode()}"} if self.auth else {}),
            method=method,
        )
        for _ in range(20):
            try:
                # The server waits up to 60 s for its SQLite before it answers 503.
                with DIRECT.open(request, timeout=90) as answer:
                    return json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as error:
                # The server's SQLite is busy: its own clients try again, so do we.
                if error.code != 503:
                    raise
            time.sleep(0.5)
        raise AssertionError(f"the server stays busy: {path}")

    def site(self, path: str) -> tuple[int, bytes]:
        try:
            with DIRECT.open(f"http://127.0.0.1:{self.site_port}{path}", timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, b""

    def deployment(self, name: str) -> Any:
        return self.api("/deployments/name/" + "/".join(quote(part) for part in name.split("/")))

    def start(self, name: str, **form: Any) -> str:
        deployment = self.deployment(name)
        run = self.api(f"/deployments/{deployment['id']}/create_flow_run", {"parameters": {"form": form}})
        return str(run["id"])

    def ended(self, run_id: str, seconds: float = 120) -> Any:
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            run = self.api(f"/flow_runs/{run_id}")
            if run["state_type"] in ENDED:
                return run
            time.sleep(0.5)
        raise AssertionError(f"run {run_id} has not ended: {run['state']}\n{self.log()}")

    def log(self) -> str:
        return (self.home / "logs" / "prefect-runner.log").read_text("utf-8", "replace")[-4000:]


def launch(home: Path, ports: list[int], **environment: str) -> Up:
    printed = home.parent / f"{home.name}.out"
    with printed.open("w") as out:
        process = subprocess.Popen(
            [
                sys.executable, "-c", "from flows.cli import main; main()", "up", "--home", str(home),
                "--port", str(ports[0]), "--site-port", str(ports[1]), "--smtp-port", str(ports[2]),
            ],
            stdout=out, stderr=subprocess.STDOUT, text=True, env=os.environ | environment,
        )  # fmt: skip
    return Up(home, process, *ports, printed)


def wait_until_up(up: Up, seconds: float = 240) -> None:
    give_up = time.monotonic() + seconds
    while "Ctrl-C" not in up.printed.read_text("utf-8"):
        assert up.process.poll() is None and time.monotonic() < give_up, up.printed.read_text("utf-8")
        time.sleep(0.5)


def child(up: Up, words: str) -> int:
    """The process of ``jibao up`` whose command line has ``words``."""
    return next(
        pid
        for pid in descendants(up.process.pid)
        if words in Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    )
