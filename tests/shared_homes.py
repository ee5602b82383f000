"""Homes that several tests begin with: built once, copied for each.

Belongs here: building once and copying. Does not: what lies in a home (drop_folder, site_office, played_office).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

# Files whose tests ask the one running office; other files of test_up_ start their own.
OF_ONE_OFFICE = {
    f"test_up_{name}.py" for name in ("api", "browser", "retention", "rounds", "sign_off", "survival")
}  # fmt: skip
# A lake of its own for every home (tests/conftest.py): its figures do not lie in the folder, so nothing can be copied.
ARE_COPIED = os.environ.get("JIBAO_TEST_STORE") != "ducklake"


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """The home ``build`` fills, once a run of all tests and for all workers. Nobody works in it: see copied."""
    root = factory.getbasetemp()
    root = root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root
    home, done = root / name / "home", root / name / "done"
    (root / name).mkdir(exist_ok=True)
    with FileLock(f"{done}.lock"):
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)  # what a worker that failed left half built
            build(home)
            done.touch()
    return home


def copied(home: Path, to: Path) -> Path:
    """The same home at another place, with its times and permissions; ``to`` may be an empty folder."""
    shutil.copytree(home, to, dirs_exist_ok=True)
    return to
