"""Starting Great Expectations without what it brings along and these checks never touch.

Belongs here: how the engine is imported. Does not: what is validated with it (suites).
Whole, the import costs 4 s of CPU and 220 MB; half of that is curve fitting, drawing and SQL dialects.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import LazyLoader
from types import ModuleType
from typing import Any

# Imported by the engine at its start, used by expectations, charts and pages we do not ask for. Whoever does use
# one, the engine itself included, gets the true module at that moment.
_LATER = frozenset({"scipy.stats", "altair", "jsonschema", "mistune"})
# An optional dependency of the engine, installed here for the orchestrator: to the engine it is not.
_ABSENT = "sqlalchemy"
# A module half imported by another thread lies in sys.modules already.
_LOCK = threading.Lock()
_failed_early: list[Exception] = []


class _Postponing(MetaPathFinder):
    """Finds the modules of ``_LATER`` as everyone does, and runs each only when something of it is used."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _LATER:
            return None
        for finder in sys.meta_path:
            found = None if finder is self else finder.find_spec(fullname, path, target)
            if found is not None:
                if found.loader is not None:
                    found.loader = LazyLoader(found.loader)
                return found
        return None


@contextmanager
def _quick_models() -> Iterator[None]:
    """The engine's 360 models are made in two thirds of the time: pydantic 1 copies every inherited field through and
    through, and looks again and again at the same few validators."""
    from pydantic.v1.fields import ModelField

    # Names that the two modules use and do not export.
    main: Any = importlib.import_module("pydantic.v1.main")
    class_validators: Any = importlib.import_module("pydantic.v1.class_validators")
    copied, made = main.smart_deepcopy, class_validators.make_generic_validator

    def own(fields: Any) -> Any:
        if type(fields) is not dict or any(type(field) is not ModelField for field in fields.values()):
            return copied(fields)
        found = {name: copy(field) for name, field in fields.items()}
        for field in found.values():  # all that a subclass may change in an inherited field
            field.class_validators, field.field_info = dict(field.class_validators), copy(field.field_info)
        return found

    main.smart_deepcopy, class_validators.make_generic_validator = own, cache(made)
    try:
        yield
    finally:
        main.smart_deepcopy, class_validators.make_generic_validator = copied, made


@contextmanager
def _sparing() -> Iterator[None]:
    finder = _Postponing()
    # Beside the orchestrator another thread may want the true module just now.
    hidden = _ABSENT not in sys.modules and "prefect" not in sys.modules
    sys.meta_path.insert(0, finder)
    if hidden:
        sys.modules[_ABSENT] = None  # type: ignore[assignment]  # Python's own way to say: cannot be imported
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if hidden:
            del sys.modules[_ABSENT]


def engine() -> Any:
    """The package ``great_expectations``; the first call imports it, 2 s of CPU."""
    with _LOCK:
        if _failed_early:
            raise _failed_early.pop()
        return _import()


def start_early() -> None:
    """Begins the import beside what else is to be done first; a failure is raised by the next :func:`engine`."""
    if "great_expectations" not in sys.modules:
        threading.Thread(target=_import_early, name="engine").start()


def _import_early() -> None:
    with _LOCK:
        try:
            _import()
        except Exception as error:
            _failed_early.append(error)


def _import() -> Any:
    if "great_expectations" in sys.modules:
        return sys.modules["great_expectations"]
    with _sparing(), _quick_models():
        return importlib.import_module("great_expectations")
