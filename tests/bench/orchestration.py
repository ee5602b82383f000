"""What Prefect costs: a quarter rerun as a flow under a running server, beside the same steps without Prefect.

Also how long a dropped file waits for its receipt under ``jibao up``. Needs the benchmark kit for its uploads.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from config.calendar import SHANGHAI
from flows import sample, steps
from flows.home import Home
from flows.office import open_office
from flows.service.up import environment
from flows.steps.opening import workbook_specs
from tests.bench.scale import KIT, WORK, prepared
from tests.bench.workload import PERIOD

sys.path.append(str(Path(__file__).parents[1] / "flows"))

AS_OF = "2020-07-10"
PLAIN = (
    "from flows import clock, steps; from flows.office import open_office; "
    f"steps.run_cycle(open_office(), '{PERIOD}', clock.parse_instant('{AS_OF}'))"
)
FLOW = (
    "from flows.parameters import RerunForm; from flows.reporting_cycle import reporting_cycle; "
    f"reporting_cycle(RerunForm(period='{PERIOD}', as_of='{AS_OF}', dry_run=False, actor='bench', reason='bench'))"
)


def run(sizes: Sequence[int] = (60, 600, 3000), runs: int = 3, drops: int = 10) -> dict[str, Any]:
    """Per size the median wall seconds of both, what the flow adds, and what it may add (4 s + 15 %)."""
    if not KIT.is_dir():
        return {"skipped": f"no benchmark kit at {KIT}"}
    with _server() as (env, pid):
        figures: dict[str, Any] = {str(n): _size(n, runs, env, pid) for n in sizes}
    return figures | {"receipt": _receipts(drops)}


def _size(units: int, runs: int, env: dict[str, str], server: int) -> dict[str, Any]:
    ours, base = prepared(units)
    plain, flow = [], []
    for _ in range(runs):
        for program, taken in ((PLAIN, plain), (FLOW, flow)):
            home = WORK / "home" / f"{units}-flow"
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(base, home)
            shutil.rmtree(home / "inbox")
            shutil.copytree(ours / "inbox", home / "inbox")
            place = {"JIBAO_HOME": str(home), "JIBAO_CONFIG": str(ours / "config")}
            taken.append(_timed(program, env | place, server))
    (plain_wall, plain_cpu, _), (wall, cpu, server_cpu) = (
        [round(statistics.median(column), 2) for column in zip(*taken, strict=True)]
        for taken in (plain, flow)
    )
    return {
        "plain_wall_s": plain_wall, "flow_wall_s": wall, "added_s": round(wall - plain_wall, 2),
        "allowed_s": round(4 + 0.15 * plain_wall, 2), "plain_cpu_s": plain_cpu, "flow_cpu_s": cpu,
        "server_cpu_s": server_cpu, "load": round(os.getloadavg()[0], 1), "runs": runs,
    }  # fmt: skip


def _timed(program: str, env: dict[str, str], server: int) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds of the process and CPU seconds of the server meanwhile."""
    before, served, began = resource.getrusage(resource.RUSAGE_CHILDREN), _cpu(server), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-1000:])
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, _cpu(server) - served


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def _server() -> Iterator[tuple[dict[str, str], int]]:
    from running_office import Up, free_ports

    [port] = free_ports(1)
    home = Home(WORK / "server")
    shutil.rmtree(home.root, ignore_errors=True)
    home.create()
    env = environment(home, None, "127.0.0.1", port)
    with (home.logs / "server.log").open("w") as log:
        command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, text=True)
        try:
            up = Up(home.root, process, port, 0, 0, home.logs / "server.log")
            for _ in range(240):
                with contextlib.suppress(OSError):
                    up.api("/health")
                    break
                time.sleep(0.5)
            limit = "from flows.deployments import ensure_writer_limit; ensure_writer_limit()"
            subprocess.run([sys.executable, "-c", limit], env=env, check=True, capture_output=True)
            yield env, process.pid
        finally:
            process.terminate()
            process.wait(30)


def _receipts(drops: int) -> dict[str, Any]:
    """Seconds from the end of a copy into HOME/inbox/UNIT to the receipt in the sink."""
    from running_office import free_ports, launch, wait_until_up

    period = "2019-Q3"
    home = WORK / "receipts"
    shutil.rmtree(home, ignore_errors=True)
    up = launch(home, free_ports(3))
    try:
        wait_until_up(up)
        office = open_office(home)
        opened = datetime(2019, 10, 8, 9, tzinfo=SHANGHAI)
        steps.open_cycle(office, period, opened)
        specs = workbook_specs(office, period, datetime(2019, 10, 18, 18, tzinfo=SHANGHAI), {}, opened)
        taken = []
        for unit in sorted(specs)[:drops]:
            body = sample.workbook(specs[unit], sample.figures(office.config, unit, period))
            (home / "inbox" / unit).mkdir(exist_ok=True)
            (home / "inbox" / unit / f"{unit}_{period}.xlsx").write_bytes(body)
            taken.append(_wait_for_answer(home / "outbox", office.config.unit(unit).name))
            time.sleep(3)
        return {
            "median_s": round(statistics.median(taken), 1), "worst_s": round(max(taken), 1), "drops": drops,
            "load": round(os.getloadavg()[0], 1),
        }  # fmt: skip
    finally:
        up.process.terminate()
        up.process.wait(60)


def _wait_for_answer(outbox: Path, unit: str) -> float:
    began, known = time.monotonic(), set(outbox.iterdir())
    while time.monotonic() - began < 300:
        for path in set(outbox.glob("*.eml")) - known:
            subject = str(email.message_from_bytes(path.read_bytes(), policy=email.policy.default)["Subject"])
            if "回执" in subject or "退回" in subject:
                return time.monotonic() - began
        time.sleep(0.1)
    raise RuntimeError(f"no receipt for {unit}")
