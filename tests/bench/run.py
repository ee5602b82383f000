"""``make bench``: every measured part in turn, printed and appended to docs/performance.md.

python -m tests.bench.run [checks] [attainment] [cycle]
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from config.calendar import SHANGHAI

ROOT = Path(__file__).parents[2]
PARTS = ("cycle", "checks", "attainment", "late", "ratios", "orchestration", "lake")


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    figures = {}
    for part in chosen:
        print(f"{part} …", flush=True)  # noqa: T201
        figures[part] = importlib.import_module(f"tests.bench.{part}").run()
        print(json.dumps(figures[part], ensure_ascii=False, indent=1), flush=True)  # noqa: T201
    _append(figures)


def _append(figures: dict[str, object]) -> None:
    """The figures with machine and commit, so that a later run can be compared with this one."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    load = os.getloadavg()[0]
    head = f"## {datetime.now(SHANGHAI):%Y-%m-%d %H:%M} commit {commit or '?'}"
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f} at the end"
    body = json.dumps(figures, ensure_ascii=False, indent=1)
    with (ROOT / "docs" / "performance.md").open("a", encoding="utf-8") as file:
        file.write(f"\n{head}\n\n{machine}\n\n```json\n{body}\n```\n")


if __name__ == "__main__":
    main()
