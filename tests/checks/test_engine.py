"""The engine is started without its ballast, and nobody else notices."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import NoReturn

import pytest

from checks import engine

_START = """
import sys
from checks.engine import engine

def is_run(name):
    return name in sys.modules and type(sys.modules[name]).__name__ != "_LazyModule"

gx = engine()
"""


_MODELS = """
import re
from pydantic.v1 import BaseModel

def below(kind):
    for one in kind.__subclasses__():
        yield one
        yield from below(one)

told = set()
for kind in below(BaseModel):
    for name, f in kind.__fields__.items():
        counts = [len(found or ()) for found in (f.validators, f.pre_validators, f.post_validators)]
        shape = f.alias, f.shape, f.allow_none, f.validate_always, counts, sorted(f.class_validators)
        line = f"{kind.__module__}.{kind.__qualname__}.{name} {f!r} {shape} {f.field_info!r} {f.model_config!r} {f.sub_fields!r}"
        told.add(re.sub(" at 0x[0-9a-f]+", "", line))
print("\\n".join(sorted(told)))
"""


def _python(code: str, start: str = _START) -> str:
    done = subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, check=False)
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


def test_its_models_are_those_of_a_plain_import() -> None:
    plain = _python(_MODELS, "import great_expectations")
    assert len(plain.splitlines()) > 2000
    assert _python(_MODELS) == plain


def test_an_early_start_gives_the_whole_engine_once() -> None:
    code = (
        "import importlib, sys\n"
        "from checks.engine import engine, start_early\n"
        "asked, true = [], importlib.import_module\n"
        "importlib.import_module = lambda name, *rest: (asked.append(name), true(name, *rest))[1]\n"
        "start_early()\n"
        "start_early()\n"
        "assert engine().ExpectationSuite(name='x').name == 'x' and engine() is engine()\n"
        "assert asked.count('great_expectations') == 1, asked"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_failed_early_start_is_told_to_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "great_expectations", raising=False)
    monkeypatch.setattr(engine, "_sparing", _failing)
    engine.start_early()
    for thread in threading.enumerate():
        if thread.name == "engine":
            thread.join()
    with pytest.raises(OSError, match="disk gone"):
        engine.engine()
    assert not engine._failed_early


def _failing() -> NoReturn:
    raise OSError("disk gone")
