"""The packaged sample records, and hostile ones made from them."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from templates.samples import DUE, ERRORS, GRACE, MAILS, OFFICE, OWED, PAGES, WARNINGS, held, summary

__all__ = [
    "DUE",
    "ERRORS",
    "GRACE",
    "MAILS",
    "OFFICE",
    "OWED",
    "PAGES",
    "WARNINGS",
    "held",
    "poisoned",
    "summary",
]


def poisoned(view: Any, poison: str) -> Any:
    """The record with ``poison`` appended to every free text in it (not to codes and periods)."""
    keep = {"period", "previous_period", "end_period", "scope", "kind", "accumulation", "measure", "direction", "last_status",
            "height", "unit", "item", "indicator", "code", "light", "previous_light", "level", "colour", "audience", "status",
            "severity", "item_kind", "target_kind", "sha256", "href"}  # fmt: skip
    changed: dict[str, Any] = {}
    for f in fields(view):
        value = getattr(view, f.name)
        if isinstance(value, str) and f.name not in keep:
            changed[f.name] = value + poison
        elif is_dataclass(value):
            changed[f.name] = poisoned(value, poison)
        elif isinstance(value, tuple):
            changed[f.name] = tuple(
                poisoned(v, poison) if is_dataclass(v) else v + poison if isinstance(v, str) else v
                for v in value
            )
    return replace(view, **changed)
