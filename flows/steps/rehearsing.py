"""Rehearse: the rerun of a quarter on a copy of the warehouse, to see what would change. The office stays as it is.

Belongs here: the copy, the rerun on it, the comparison. Does not: how the changes are shown (flows.artifacts).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.home import Home
from flows.office import Office
from flows.steps.collecting import CollectResult, collect
from flows.steps.opening import open_cycle
from flows.steps.reporting import ReportResult, report
from warehouse import restating


@dataclass(frozen=True)
class LightChange:
    indicator: str
    unit: str  # the city's code for the city
    before: str | None  # light; None: not assessed yet
    after: str
    actual_before: float | None
    actual_after: float | None


@dataclass(frozen=True)
class Rehearsal:
    """What the rerun would do. ``revisions`` and ``mails`` are rows that would be new."""

    collected: CollectResult
    reported: ReportResult
    revisions: list[dict[str, Any]]
    lights: list[LightChange]
    mails: list[dict[str, Any]]

    @property
    def changes_nothing(self) -> bool:
        return not (self.revisions or self.lights or self.mails or self.collected.lines)


def rehearse(
    office: Office, period: str, as_of: datetime, *, units: Sequence[str] | None = None
) -> Rehearsal:
    """Opens, collects and reports ``period`` on a copy; drop folder, warehouse, archive and mails are untouched.

    :param units: only these units' folders
    """
    office.home.create()
    before = _facts(office, period, as_of)
    # Beside the home's own files: hard links need the same file system.
    with tempfile.TemporaryDirectory(prefix=".rehearsal-", dir=office.home.root) as folder:
        copy = replace(office, home=Home(Path(folder)), lake=None, trigger=f"试算 {office.trigger}")
        _copy(office, copy.home, period)
        open_cycle(copy, period, as_of)
        collected = collect(copy, as_of, inbox=office.home.inbox, period=period, units=units, send=False)
        reported = report(copy, period, as_of)
        after = _facts(copy, period, as_of)
    known = {_identity(r) for r in before.revisions}
    return Rehearsal(
        collected,
        reported,
        [r for r in after.revisions if _identity(r) not in known],
        _changed(before.lights, after.lights),
        [m for m in after.mails if m["mail_id"] not in {b["mail_id"] for b in before.mails}],
    )


@dataclass(frozen=True)
class _Facts:
    revisions: list[dict[str, Any]]
    lights: list[dict[str, Any]]
    mails: list[dict[str, Any]]


def _facts(office: Office, period: str, as_of: datetime) -> _Facts:
    if not office.reader().has_data():
        return _Facts([], [], [])
    with office.reader() as reader:
        with restating.known_at(reader, as_of):
            lights = reader.rows("list_rehearsal_lights", {"period": period})
        return _Facts(
            reader.rows("list_rehearsal_revisions", {"period": period}),
            lights,
            reader.rows("list_mails", {"period": None, "state": None}),
        )


def _copy(office: Office, copy: Home, period: str) -> None:
    """The warehouse as last committed, and by hard link what is only read: archive and workbooks (no byte is copied)."""
    real = office.home
    if office.reader().has_data():
        with office.reader() as reader:
            reader.save_copy(copy.warehouse)
    for source, target in (
        (real.archive, copy.archive),
        (real.workbooks(period), copy.workbooks(period)),
    ):
        if source.is_dir():
            shutil.copytree(source, target, copy_function=os.link)
    if real.config.is_dir():
        shutil.copytree(real.config, copy.config)


def _identity(revision: Mapping[str, Any]) -> tuple[Any, ...]:
    return (revision["unit"], revision["item"], revision["revision"])


def _changed(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[LightChange]:
    old = {(r["indicator"], r["unit"], r["scope"]): r for r in before}
    changes = []
    for row in after:
        was = old.get((row["indicator"], row["unit"], row["scope"]))
        same = was is not None and (was["light"], was["actual"]) == (row["light"], row["actual"])
        if not same:
            changes.append(
                LightChange(
                    row["indicator"], row["unit"], was["light"] if was else None, row["light"],
                    was["actual"] if was else None, row["actual"],
                )
            )  # fmt: skip
    return changes
