"""The kit's workloads through the product, the kit's lower bound and its peers, in alternation, in one run.

CPU is user and system time of a process and all its children; memory the largest sum of their proportional shares.
Correctness is a gate: a size whose figures differ from the truth has no ratio.
"""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
import statistics
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.bench.scale import AS_OF, KIT, ROOT, WORK, cycle_words, differences, prepared
from tests.bench.workload import PERIOD

SIZES = (60, 600, 3000, 10000)
LOWER, OURS, SAME_JOB = "lower-1", "jibao", "jibao, same job"
PEER_CPU_MAX_S = 240.0  # a peer expected to need more at the next size is left out there, as the kit does
_HERE = Path(sys.executable)
_BESIDE = ROOT / ".venv-peers" / "bin" / "python"  # made by `make test`
# Peers whose packages are locked here; the others' figures are in the kit's own RESULTS.md.
_PEERS = {
    LOWER: (_HERE, "peers/lower/lower.py", ["--procs", "1"]),
    "gx-fast": (_HERE, "peers/pandas_gx/gx_peer.py", ["--fast"]),
    "frictionless": (_BESIDE, "peers/frictionless/run.py", []),
    "prefect-50": (_HERE, "peers/prefect_lower/run.py", ["--per", "50"]),
}


def run(sizes: Sequence[int] = SIZES, runs: int = 3, send: bool = False) -> dict[str, Any]:
    """By size: median CPU, wall and memory of everyone, ours over the lower bound's; then growth and extra file.

    Ours twice: the whole quarter as ``jibao cycle`` makes it, and the kit's own job (same_job).

    :param send: with every mail to the embedded sink; the kit's peers render their mails and send none
    """
    if not KIT.is_dir():
        return {"skipped": f"no benchmark kit at {KIT}"}
    told: dict[str, Any] = {}
    for size in sizes:
        told[str(size)] = measure(size, runs, [*_affordable(told, size), SAME_JOB], send=send)
    return told | {"growth": _growth(told), "extra_file": _extra_file(told)}


def measure(size: int, runs: int, peers: Sequence[str] = (LOWER,), *, send: bool = False) -> dict[str, Any]:
    """Ours and ``peers`` in turn, ``runs`` times, on one workload."""
    ours, base = prepared(size)
    kit = WORK / "kit" / str(size)
    kept: dict[str, list[dict[str, float]]] = {name: [] for name in (*peers, OURS)}
    wrong: list[str] = []
    # A home a run, removed when all are done: a file system that has just freed thousands of files looks for the next
    # free place for longer, and whoever writes next would pay for it.
    homes = WORK / "home" / f"{size}-runs"
    shutil.rmtree(homes, ignore_errors=True)
    for n in range(runs):
        for name in [*kept][n % len(kept) :] + [*kept][: n % len(kept)]:  # nobody always goes first
            if name in (OURS, SAME_JOB):
                home = homes / f"{name}-{n}"
                shutil.copytree(base, home)
                whole = cycle_words(home, ours, ["--inbox", ours / "inbox", *(["--send"] if send else [])])
                # -P: this folder would hide the room `checks`.
                script = Path(__file__).with_name("same_job.py")
                job = [sys.executable, "-P", script, home, ours / "config", PERIOD, AS_OF, ours / "inbox"]
                kept[name].append(_once(whole if name == OURS else job))
                wrong += differences(home, kit)
            else:
                python, script, more = _PEERS[name]
                kept[name].append(_once([python, KIT / script, kit / "in", WORK / "out" / name, *more]))
    shutil.rmtree(homes)
    best = {name: _middle(each) for name, each in kept.items()}
    low, own = best[LOWER], best[OURS]
    same_job = round(best[SAME_JOB]["cpu_s"] / low["cpu_s"], 2) if SAME_JOB in best and not wrong else None
    return {
        "files": sum(1 for _ in (ours / "inbox").iterdir()),
        "peers": best,
        "cpu_ratio": None if wrong else round(own["cpu_s"] / low["cpu_s"], 2),
        "same_job_cpu_ratio": same_job,
        "memory_ratio": None if wrong else round(own["peak_mb"] / low["peak_mb"], 2),
        "least_cpu_ratio": _least_ratio(kept, OURS),
        "same_job_least_cpu_ratio": _least_ratio(kept, SAME_JOB) if SAME_JOB in kept else None,
        "differences": wrong[:20],
    }


def _least_ratio(kept: Mapping[str, Sequence[Mapping[str, float]]], name: str) -> float:
    ours, lower = (min(r["cpu_s"] for r in kept[who]) for who in (name, LOWER))
    return round(ours / lower, 2)


def _once(words: Sequence[Any]) -> dict[str, float]:
    out = WORK / "out" / "watched"
    log = WORK / "out" / "last.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    done = _kit().run_once([os.fspath(w) if isinstance(w, Path) else str(w) for w in words], out, log, 3600)
    said = log.read_text("utf-8", "replace")
    if "Traceback" in said or "没有完成" in said or "配置有误" in said:
        raise RuntimeError(f"{words[0]} failed: {said[-800:]}")
    return {"cpu_s": done["cpu"], "wall_s": done["wall"], "peak_mb": done["peak_mb"]}


@cache
def _kit() -> ModuleType:
    """The kit's own runner: everybody is measured by the same code."""
    sys.path.insert(0, str(KIT))
    try:
        spec = importlib.util.spec_from_file_location("kit_bench", KIT / "bench.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(KIT))
    return module


def _middle(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(r[key] for r in runs), 2) for key in runs[0]}


def _affordable(told: dict[str, Any], size: int) -> list[str]:
    """The peers that are installed here and expected to finish ``size`` within the limit, judged from before."""
    chosen = [name for name, (python, *_) in _PEERS.items() if python.exists()]
    if not told:
        return chosen
    before = max(told, key=int)
    left = [*chosen]
    for name in chosen:
        last = told[before]["peers"].get(name)
        if name != LOWER and (last is None or last["cpu_s"] * size / int(before) > PEER_CPU_MAX_S):
            left.remove(name)
    return left


def _growth(told: dict[str, Any]) -> dict[str, float]:
    """Exponent of ours between neighbouring sizes: slope of log CPU over log files; 1.0 is linear."""
    points = [(t["files"], t["peers"][OURS]["cpu_s"]) for t in told.values()]
    return {
        f"{a[0]}-{b[0]}": round(math.log(b[1] / a[1]) / math.log(b[0] / a[0]), 2)
        for a, b in zip(points, points[1:], strict=False)
    }


def _extra_file(told: dict[str, Any]) -> dict[str, dict[str, float]]:
    """CPU milliseconds of one more file between neighbouring sizes, ours and the lower bound's."""
    found = {}
    sizes = list(told.values())
    for a, b in zip(sizes, sizes[1:], strict=False):
        more = b["files"] - a["files"]
        each = {
            name: round(1000 * (b["peers"][name]["cpu_s"] - a["peers"][name]["cpu_s"]) / more, 2)
            for name in (OURS, LOWER)
        }
        found[f"{a['files']}-{b['files']}"] = each | {"ratio": round(each[OURS] / each[LOWER], 2)}
    return found
