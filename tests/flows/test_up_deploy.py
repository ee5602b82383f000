"""An office with a Prefect server of its own: ``prefect deploy``, ``jibao deploy``, and a worker that does the work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running_office import Up, free_ports
from test_up_api import letters
from test_up_survival import healthy, until

from flows.deployments import PLANNED
from flows.home import Home
from flows.service.up import environment

pytestmark = [pytest.mark.server]

ROOT = Path(__file__).parents[2]
NAMES = {f"{planned.flow.name}/{planned.name}" for planned in PLANNED}


class Server(Up):
    """A plain ``prefect server start``; what ``jibao up`` adds is not there."""

    env: dict[str, str]

    def prefect(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "prefect", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
        return done


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("own") / "home"
    Home(home).create()
    [port] = free_ports(1)
    env = environment(Home(home), None, "127.0.0.1", port)
    log = (home / "logs" / "prefect-server.log").open("w")
    start = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
    process = subprocess.Popen(start, env=env, stdout=log, stderr=log, text=True)
    running = Server(home, process, port, 0, 0, home / "logs" / "prefect-server.log")
    running.env = env
    try:
        until(lambda: healthy(running), 180, "no server")
        yield running
    finally:
        process.terminate()
        process.wait(30)


def deployed(server: Server) -> dict[str, Any]:
    found = server.api("/deployments/filter", {})
    flows = {f["id"]: f["name"] for f in server.api("/flows/filter", {})}
    return {f"{flows[d['flow_id']]}/{d['name']}": d for d in found}


def check(found: dict[str, Any]) -> None:
    assert set(found) == NAMES
    assert {d["work_pool_name"] for d in found.values()} == {"jibao"}
    queues = {name: d["work_queue_name"] for name, d in found.items()}
    assert queues.pop("任务告警/出错告警") == "alarm" and set(queues.values()) == {"default"}
    form = found["季度重跑/手工重跑"]["parameter_openapi_schema"]["definitions"]["RerunForm"]["properties"]
    assert "2019-Q3" in form["period"]["enum"] and "市商务局(SWJ)" in form["unit"]["enum"]


def test_prefect_deploy_does_what_its_file_says(server: Server) -> None:
    server.prefect("work-pool", "create", "jibao", "--type", "process")
    server.prefect("work-queue", "create", "alarm", "--pool", "jibao")
    server.prefect("--no-prompt", "deploy", "--all")
    check(deployed(server))


def test_jibao_deploy_does_all_of_it_and_again(server: Server) -> None:
    for _ in range(2 if os.environ.get("JIBAO_STRESS") else 1):
        words = ["-c", "from flows.cli import main; main()", "deploy", "--home", str(server.home)]
        done = subprocess.run(
            [sys.executable, *words], env=server.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert all(name in done.stdout for name in NAMES)
        check(deployed(server))
        rules = [a["name"] for a in server.api("/automations/filter", {})]
        assert sorted(rules) == sorted(set(rules)) and len(rules) == 5
        assert server.api("/v2/concurrency_limits/jibao-writer")["limit"] == 1


@pytest.mark.stress
def test_a_worker_does_the_work_and_a_paused_queue_is_told(server: Server) -> None:
    if not os.environ.get("JIBAO_STRESS"):
        pytest.skip("half a minute of CPU")
    log = (server.home / "logs" / "worker.log").open("w")
    start = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "jibao"]
    worker = subprocess.Popen(start, cwd=server.home, env=server.env, stdout=log, stderr=log)
    try:
        run = server.ended(server.start("重建站点/重新生成页面"), 240)
        assert (run["state_type"], run["state_name"]) == ("COMPLETED", "无需办理"), run["state"]
        server.api("/work_pools/jibao/queues/default", {"is_paused": True}, "PATCH")
        until(lambda: letters(server.home, "队列已暂停"), 120, server.printed.read_text("utf-8")[-2000:])
        held = server.start("重建站点/重新生成页面")
        time.sleep(20)
        assert server.api(f"/flow_runs/{held}")["state_type"] == "SCHEDULED"
        server.api("/work_pools/jibao/queues/default", {"is_paused": False}, "PATCH")
        assert server.ended(held, 120)["state_type"] == "COMPLETED"
    finally:
        worker.terminate()
        worker.wait(60)
