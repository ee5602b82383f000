"""The engine is started without its ballast, and nobody else notices."""

from __future__ import annotations

import subprocess
import sys

import pytest

_START = """
import sys
from checks.engine import engine

def is_run(name):
    return name in sys.modules and type(sys.modules[name]).__name__ != "_LazyModule"

gx = engine()
"""


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", _START + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_heavy_libraries_are_not_run_by_a_validation() -> None:
    told = _python(
        "from pandas import DataFrame\n"
        "from checks import suites\n"
        "from checks.rules import load_rules\n"
        "rule = next(r for r in load_rules() if r.column == 'held_reason')\n"
        "frame = DataFrame({suites.KEY: [1, 2], 'held_reason': [None, 'x']})\n"
        "(outcome,), name = suites.validate([rule], frame, None)\n"
        "assert outcome.failed == (2,) and not outcome.error, outcome\n"
        "print([n for n in ('scipy.stats', 'altair', 'jsonschema', 'mistune', 'sqlalchemy') if is_run(n)])"
    )
    assert told == "[]"


@pytest.mark.parametrize(
    "use",
    [
        "import scipy.stats; assert scipy.stats.norm.cdf(0) == 0.5",
        "import altair; assert altair.Chart().mark_bar().to_dict()['mark'] == {'type': 'bar'}",
        "import jsonschema; jsonschema.validate(1, {'type': 'integer'})",
        "import sqlalchemy; assert sqlalchemy.create_engine('sqlite://').connect()",
        "assert engine() is gx",
    ],
)
def test_whoever_uses_one_afterwards_gets_the_true_module(use: str) -> None:
    assert _python(f"{use}\nprint('ok')") == "ok"
