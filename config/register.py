"""Loading a configuration: files found, validated, cross-checked and fingerprinted.

Belongs here: reading the files of one or several folders into one Config. Does not: the definitions
themselves (plan, units, settings, contacts, calendar), anything that changes while running.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any
from unicodedata import normalize

from config import consistency, yamlfile
from config.calendar import WorkCalendar
from config.contacts import Contacts
from config.plan import Action, Indicator, Plan, Safeguard, UnitTarget
from config.settings import Settings
from config.units import ReportingUnit
from config.yamlfile import ConfigError, Document, Folder

__all__ = ["Config", "ConfigError", "ObligationSpec", "load_config", "packaged"]


@dataclass(frozen=True)
class ObligationSpec:
    """One unit owes (or, contributing, may give) one item. ``item_kind``: indicator, action or safeguard."""

    unit: str
    item: str
    item_kind: str
    role: str  # lead or contributing
    is_owed: bool


@dataclass(frozen=True)
class Config:
    """Everything fixed before data arrives. Hashes are SHA-256 of canonical JSON; contacts are in neither."""

    plan: Plan
    units: tuple[ReportingUnit, ...]
    contacts: Contacts
    calendar: WorkCalendar
    settings: Settings
    plan_hash: str
    config_hash: str

    @cached_property
    def _units(self) -> Mapping[str, ReportingUnit]:
        return {u.code: u for u in self.units}

    @cached_property
    def _indicators(self) -> Mapping[str, Indicator]:
        return {i.code: i for i in self.plan.indicators}

    @cached_property
    def _names(self) -> Mapping[str, ReportingUnit]:
        return {fold_name(n): u for u in self.units for n in (u.name, *u.aliases, u.code)}

    @cached_property
    def _items(self) -> Mapping[str, str]:
        plan = self.plan
        entries: tuple[Indicator | Action | Safeguard, ...] = (
            *plan.indicators, *plan.actions, *plan.safeguards,
        )  # fmt: skip
        return {e.code: e.name for e in entries}

    @cached_property
    def _obligations(self) -> tuple[ObligationSpec, ...]:
        return tuple(_obligations(self.plan))

    def unit(self, code: str) -> ReportingUnit:
        return self._units[code]

    def indicator(self, code: str) -> Indicator:
        return self._indicators[code]

    def item_name(self, code: str) -> str:
        """Name of an indicator, action or safeguard; the code itself when it is none."""
        return self._items.get(code, code)

    def find_unit(self, text: str) -> ReportingUnit | None:
        """The unit of that name, alias or code, however its brackets and widths are written."""
        return self._names.get(fold_name(text))

    def obligations(self) -> tuple[ObligationSpec, ...]:
        """Who owes what each period: reporters their indicators, lead units their progress."""
        return self._obligations


def packaged() -> Traversable:
    """The folder of the configuration that ships with the product (the Meizhou plan)."""
    return files("config")


def fold_name(text: str) -> str:
    """One spelling for names: NFKC, no spaces, one kind of brackets, lower case."""
    folded = normalize("NFKC", text).translate(str.maketrans("〈〉<>[]【】〔〕", "()()()()()"))
    return "".join(folded.split()).lower()


def load_config(folders: Sequence[Folder]) -> Config:
    """The configuration found in ``folders``; for each file the first folder that has it wins.

    :raises ConfigError: one line, ``file:line: reason``
    """
    plan_doc, units_doc = yamlfile.read(folders, "plan.yml"), yamlfile.read(folders, "units.yml")
    units = _units(folders, units_doc)
    data = dict(plan_doc.data) if isinstance(plan_doc.data, dict) else plan_doc.data
    if isinstance(data, dict):
        data["unit_targets"] = [*data.get("unit_targets", ()), *_targets(folders)]
    plan = yamlfile.build(plan_doc, Plan, data)
    consistency.check(plan_doc, plan, units_doc, units)
    settings_doc = yamlfile.read(folders, "settings.yml")
    settings = yamlfile.build(settings_doc, Settings)
    calendar = _calendar(folders)
    contacts = _contacts(folders, {u.code for u in units})
    fixed = {"plan": plan.model_dump(mode="json"), "units": [u.model_dump(mode="json") for u in units]}
    tuned = {
        "settings": settings.model_dump(mode="json"),
        "calendar": {d.isoformat(): w for d, w in sorted(calendar.overrides.items())},
    }
    plan_hash = _digest(fixed)
    return Config(plan, units, contacts, calendar, settings, plan_hash, _digest([plan_hash, tuned]))


def _units(folders: Sequence[Folder], document: Document) -> tuple[ReportingUnit, ...]:
    rows = document.data.get("units") if isinstance(document.data, dict) else None
    if rows is None:
        raise document.error((), "缺少 units")
    return yamlfile.build(document, tuple[ReportingUnit, ...], rows, ("units",))


def _targets(folders: Sequence[Folder]) -> Iterator[dict[str, Any]]:
    """targets.csv, where a plan has thousands of unit targets: indicator, unit, low, high, baseline."""
    file = yamlfile.find(folders, "targets.csv")
    if file is None:
        return
    fields = set(UnitTarget.model_fields)
    with file.open("r", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        unknown = set(reader.fieldnames or ()) - fields
        if unknown or not {"indicator", "unit"} <= set(reader.fieldnames or ()):
            raise ConfigError(f"{file}:1: 表头应为 indicator,unit,low,high,baseline 中的若干列")
        for number, row in enumerate(reader, 2):
            try:
                yield {
                    k: (v if k in ("indicator", "unit") else float(v))
                    for k, v in row.items()
                    if v not in ("", None)
                }
            except ValueError as error:
                raise ConfigError(f"{file}:{number}: 数字写法有误({error})") from error


def _calendar(folders: Sequence[Folder]) -> WorkCalendar:
    if yamlfile.find(folders, "calendar.yml") is None:
        return WorkCalendar()
    document = yamlfile.read(folders, "calendar.yml")
    data = document.data or {}
    overrides: dict[date, bool] = {}
    for key, works in (("working_days", True), ("rest_days", False)):
        for n, day in enumerate(data.get(key) or ()):
            if not isinstance(day, date):
                raise document.error((key, n), f"{day!r} 不是日期,应写作 2027-02-14")
            overrides[day] = works
    return WorkCalendar(overrides)


def _contacts(folders: Sequence[Folder], codes: set[str]) -> Contacts:
    real = yamlfile.find(folders, "contacts.yml") is not None
    document = yamlfile.read(folders, "contacts.yml" if real else "contacts.example.yml")
    contacts = yamlfile.build(document, Contacts)
    for unit in contacts.units:
        if unit not in codes:
            raise document.error(("units", unit), f"联系人中的单位 {unit} 不在 units.yml 中")
    return contacts.model_copy(update={"is_example": not real})


def _obligations(plan: Plan) -> Iterator[ObligationSpec]:
    for i in plan.indicators:
        for unit in i.reporters:
            yield ObligationSpec(unit, i.code, "indicator", "lead", True)
    for kind, entries in (("action", plan.actions), ("safeguard", plan.safeguards)):
        for entry in entries:
            for n, unit in enumerate(entry.units):
                yield ObligationSpec(unit, entry.code, kind, "contributing" if n else "lead", n == 0)


def _digest(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
