"""The tests of the single-file store, run again with every store a lake on PostgreSQL (tests/conftest.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What writes and reads the store in every way there is: ledger, mart, rates, restatements, lineage, decisions.
PART = (
    "tests/core/test_ledger.py", "tests/core/test_mart_views.py", "tests/core/test_rates.py",
    "tests/core/test_lineage.py",
)  # fmt: skip
# Whatever a test opens by DuckDB itself, behind the store's back, is a file and stays one.
WHOLE = ("tests/core", "tests/checks")


@pytest.mark.stress
@pytest.mark.timeout(7200)
def test_the_core_suite_passes_on_the_lake(postgres: str) -> None:
    chosen = WHOLE if os.environ.get("JIBAO_STRESS") else PART
    env = os.environ | {"JIBAO_TEST_STORE": "ducklake", "JIBAO_TEST_POSTGRES": postgres}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *chosen], cwd=ROOT, env=env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
