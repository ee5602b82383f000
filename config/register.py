"""Loading a configuration: files found, validated, cross-checked and fingerprinted.

Belongs here: reading the files of one or several folders into one Config. Does not: the definitions
themselves (plan, units, settings, contacts, calendar), anything that changes while running.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from config import consistency, targets, yamlfile
from config.calendar import WEEKDAYS, WorkCalendar
from config.contacts import Contacts
from config.plan import Action, Indicator, Plan, Safeguard
from config.settings import Settings
from config.units import ReportingUnit, fold_name
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


def load_config(folders: Sequence[Folder]) -> Config:
    """The configuration found in ``folders``; for each file the first folder that has it wins.

    :raises ConfigError: one line, ``file:line: reason``
    """
    plan_doc, units_doc = yamlfile.read(folders, "plan.yml"), yamlfile.read(folders, "units.yml")
    units = _units(folders, units_doc)
    plan = yamlfile.build(plan_doc, Plan)
    consistency.check(plan_doc, plan, units_doc, units)
    plan = plan.model_copy(update={"unit_targets": targets.unit_targets(folders, plan_doc, plan, units)})
    settings_doc = yamlfile.read(folders, "settings.yml")
    settings = yamlfile.build(settings_doc, Settings)
    calendar = _calendar(folders)
    contacts = _contacts(folders, {u.code for u in units})
    fixed = {"plan": plan.model_dump(mode="json"), "units": [u.model_dump(mode="json") for u in units]}
    tuned = {
        "settings": settings.model_dump(mode="json"),
        "calendar": {d.isoformat(): w for d, w in sorted(calendar.overrides.items())},
        "country": [calendar.country, *sorted(calendar.weekend)],
    }
    plan_hash = _digest(fixed)
    return Config(plan, units, contacts, calendar, settings, plan_hash, _digest([plan_hash, tuned]))


def _units(folders: Sequence[Folder], document: Document) -> tuple[ReportingUnit, ...]:
    rows = document.data.get("units") if isinstance(document.data, dict) else None
    if rows is None:
        raise document.error((), "缺少 units")
    return yamlfile.build(document, tuple[ReportingUnit, ...], rows, ("units",))


def _calendar(folders: Sequence[Folder]) -> WorkCalendar:
    if yamlfile.find(folders, "calendar.yml") is None:
        return WorkCalendar()
    document = yamlfile.read(folders, "calendar.yml")
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        raise document.error((), "应写 working_days 和 rest_days 两项，现在不是“名称: 值”")
    data = dict(data)
    country, weekend = data.pop("country", "CN"), data.pop("weekend", ["saturday", "sunday"])
    if not isinstance(country, str) or not re.fullmatch("[A-Z]{2}", country):
        raise document.error(("country",), f"{country} 不是国家代码，应为两个大写字母，例如 CN")
    if (
        not isinstance(weekend, list)
        or not all(isinstance(day, str) and day in WEEKDAYS for day in weekend)
        or len(set(weekend)) == 7
    ):
        raise document.error(("weekend",), f"weekend 应为 {'、'.join(WEEKDAYS)} 中的若干天")
    kinds = {"working_days": True, "rest_days": False}
    overrides: dict[date, bool] = {}
    for key, listed in data.items():
        if key not in kinds:
            raise document.error((key,), f"不认识的项 {key}")
        if not isinstance(listed, list | None):
            raise document.error((key,), f"{key} 应为列表")
        for n, day in enumerate(listed or ()):
            if not isinstance(day, date) or isinstance(day, datetime):
                raise document.error((key, n), f"{day} 不是日期，应写作 2027-02-14")
            if overrides.setdefault(day, kinds[key]) is not kinds[key]:
                raise document.error((key, n), f"{day} 既是上班日又是休息日")
    return WorkCalendar(overrides, country, frozenset(WEEKDAYS.index(day) for day in weekend))


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
