"""``jibao up``: everything an office needs in one terminal, until Ctrl-C.

Belongs here: starting, watching over and stopping processes. Does not: deployments (flows.deployments), the
drop folder (flows.service.watch), any rule of the reporting cycle.
"""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import click
from filelock import FileLock, Timeout

from config.settings import PrefectServer
from flows.home import Home
from flows.mailing.sink import EmbeddedSink
from flows.office import Office, open_office
from flows.service import processes
from flows.service.serving import serve_site
from flows.upkeep.health import health_of

DONE, WRONG_USE, FAILED = 0, 2, 3
# The runner makes the deployments in order; when the last is there, all are.
LAST_DEPLOYMENT = "季度重跑/手工重跑"
START_SECONDS = 180.0
GRACE_SECONDS = 15.0
# A service that dies is started again, unless it dies at once three times in a row: then something is wrong.
QUICK_SECONDS, QUICK_DEATHS = 10.0, 3


class PortTaken(RuntimeError):
    """Another program listens there already."""


@dataclass
class Child:
    what: str  # as people read it
    module: list[str]
    env: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)
    started_at: float = field(init=False)  # monotonic seconds
    quick_deaths: int = 0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            # An own session: Ctrl-C reaches only us, and we stop the children in order.
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.module], env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def revive(self) -> bool:
        """Starts it again after it ended by itself; False when that has proved useless."""
        quick = time.monotonic() - self.started_at < QUICK_SECONDS
        self.quick_deaths = self.quick_deaths + 1 if quick else 0
        if self.quick_deaths >= QUICK_DEATHS:
            return False
        self.start()
        return True


@dataclass
class Running:
    children: list[Child] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def broken(self) -> Child | None:
        return next((c for c in self.children if c.process.poll() is not None), None)


def run(
    home: Path | None = None, config: Path | None = None, host: str = "127.0.0.1", port: int = 4200,
    site_port: int = 4280, smtp_port: int = 1025, poll_seconds: float = 10.0,
) -> int:  # fmt: skip
    """Runs the services until Ctrl-C or SIGTERM, then stops every child; the exit status.

    :raises config.register.ConfigError: the configuration is not usable
    """
    office = open_office(home, config, trigger="jibao up")
    office.home.create()
    try:
        # Held by this process; it comes free when the process is killed.
        with FileLock(office.home.root / ".up.lock", timeout=0):
            return _run(office, config, host, (port, site_port, smtp_port), poll_seconds)
    except Timeout:
        click.echo(f"{office.home.root} 的 jibao up 已在运行，不能再启动一个", err=True)
        return WRONG_USE


def _run(office: Office, config: Path | None, host: str, ports: tuple[int, int, int], poll: float) -> int:
    port, site_port, smtp_port = ports
    if count := processes.end_left_over(office.home.root, GRACE_SECONDS):
        click.echo(f"上次没有正常停止，已结束遗留的 {count} 个进程")
    with_sink = office.config.settings.mail.mode == "sink"
    wanted = {"界面端口": port, "站点端口": site_port} | ({"收信端口": smtp_port} if with_sink else {})
    try:
        for what, number in wanted.items():
            _check_free(what, host, number)
    except PortTaken as error:
        click.echo(str(error), err=True)
        return WRONG_USE
    running = Running()
    before = {n: signal.signal(n, lambda *_: running.stop.set()) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(serve_site(office.home, host, site_port, health_of(office)))
            if with_sink:
                stack.enter_context(EmbeddedSink(office.home.outbox, host, smtp_port))
            stack.enter_context(_stopping(running, office.home.root))
            return _serve(running, office, config, host, ports, poll)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def environment(
    home: Home, config: Path | None, host: str, port: int, settings: PrefectServer | None = None
) -> dict[str, str]:
    """What the child processes see: no profile of the user, no telemetry, this home and configuration."""
    server = settings or PrefectServer()
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith("PREFECT_") or k.endswith("_AUTH_STRING")
    }
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    password = inherited.get("PREFECT_SERVER_API_AUTH_STRING")
    place = {"JIBAO_HOME": str(home.root)} | ({"JIBAO_CONFIG": str(config.absolute())} if config else {})
    return inherited | place | ({"PREFECT_API_AUTH_STRING": password} if password else {}) | _behind(server, home) | {
        processes.MARK: str(home.root),
        "PREFECT_HOME": str(home.root / "prefect"),
        "PREFECT_PROFILES_PATH": str(home.root / "prefect" / "profiles.toml"),
        "PREFECT_API_URL": f"http://{shown}:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # The screens that docs/coordinator.md shows; the other generation of the UI stays reachable.
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(server.keep_runs_days * 86400),
        # Waiting for the writer is no delay worth a letter; nobody at work for five minutes is.
        "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "300",
        # Kept in memory a lease would be forgotten with the server and its slot never come free again.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        # Together two minutes: a server that is started again loses no run.
        "PREFECT_CLIENT_MAX_RETRIES": "6",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_LOGGING_COLORS": "false",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip


def _behind(server: PrefectServer, home: Home) -> dict[str, str]:
    """How the UI names itself when a reverse proxy stands before it (docs/operations.md)."""
    if not server.public_url:
        return {}
    base = urlsplit(server.public_url).path.rstrip("/")
    return {
        "PREFECT_UI_API_URL": f"{server.public_url.rstrip('/')}/api",
        "PREFECT_UI_SERVE_BASE": base or "/",
        # The pages are rewritten for the base, so they are the home's own copy.
        "PREFECT_UI_STATIC_DIRECTORY": str(home.root / "prefect" / "ui"),
    }


def _serve(
    running: Running, office: Office, config: Path | None, host: str, ports: tuple[int, int, int], poll: float
) -> int:
    port, site_port, smtp_port = ports
    settings = office.config.settings.prefect
    env = environment(office.home, config, host, port, settings) | {
        "JIBAO_POLL_SECONDS": str(poll),
        "JIBAO_SITE_URL": settings.public_site_url.rstrip("/") or f"http://{host}:{site_port}",
    }
    logs = office.home.logs
    server = ["prefect", "server", "start", "--host", host, "--port", str(port)]
    click.echo("正在启动 Prefect 服务，首次约需半分钟……")
    running.children.append(Child("Prefect 服务", server, env, logs / "prefect-server.log"))
    if not _answers(running, env, "health"):
        return _stopped(running)
    running.children.append(Child("任务执行", ["flows.deployments"], env, logs / "prefect-runner.log"))
    running.children.append(Child("投递目录监视", ["flows.service.watch"], env, logs / "watch.log"))
    if not _answers(running, env, f"deployments/name/{quote(LAST_DEPLOYMENT)}"):
        return _stopped(running)
    click.echo(f"Prefect 界面：http://{host}:{port}")
    click.echo(f"结果表：http://{host}:{port}/artifacts")
    click.echo(f"通报站点：http://{host}:{site_port}/")
    click.echo(f"报告文件：http://{host}:{site_port}/reports/")
    if office.config.settings.mail.mode == "sink":
        click.echo(f"内置收信：smtp://{host}:{smtp_port}，邮件存于 {office.home.outbox}")
    click.echo(f"投递目录：{office.home.inbox}")
    click.echo(f"日志：{logs}\n按 Ctrl-C 停止。")
    while not running.stop.wait(0.5):
        if broken := running.broken():
            # Flow runs that a dead runner had started go on meanwhile.
            if not broken.revive():
                break
            click.echo(f"{broken.what}意外退出，已重新启动；原因见 {broken.log}", err=True)
    return _stopped(running)


def _stopped(running: Running) -> int:
    broken = running.broken()
    if running.stop.is_set() or broken is None:
        click.echo("正在停止……")
        return DONE if running.stop.is_set() else FAILED
    click.echo(f"{broken.what}意外退出，其余服务一并停止；原因见 {broken.log}", err=True)
    return FAILED


def _answers(running: Running, env: dict[str, str], path: str) -> bool:
    """Waits until the API knows ``path``; False when a child ended or it took too long."""
    request = urllib.request.Request(f"{env['PREFECT_API_URL']}/{path}")
    if password := env.get("PREFECT_API_AUTH_STRING"):
        request.add_header("Authorization", "Basic " + base64.b64encode(password.encode()).decode())
    # Loopback must not go through a proxy named by the environment.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and running.broken() is None:
        with contextlib.suppress(OSError), opener.open(request, timeout=5):
            return True
        if running.stop.wait(0.5):
            return False
    return False


@contextlib.contextmanager
def _stopping(running: Running, home: Path) -> Iterator[None]:
    """Ends every child and every process they started, whatever happened in between."""
    try:
        yield
    finally:
        # The server goes last: a run that ends tells it so.
        for child in reversed(running.children):
            processes.end_tree(child.process, GRACE_SECONDS)
        # Runs of a service that was started again meanwhile belong to no child any more.
        processes.end_left_over(home, 0)


def _check_free(what: str, host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"{what} {host}:{port} 不可用（{error.strerror}）；请停掉占用它的程序，或另选端口"
            ) from None
