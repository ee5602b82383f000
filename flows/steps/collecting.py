"""Collect: every file in the drop folder gets an answer, and none gets in unread.

The order matters for crashes: bytes are safe in archive or quarantine before the commit that names
them, and the drop folder is emptied after it. Whatever is interrupted is simply done again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from checks.findings import Finding
from checks.run import Judgement, judge
from flows import inbox as drop_folder
from flows import letters
from flows.office import Office
from flows.steps import shelving
from flows.steps.delivering import deliver
from flows.steps.running import recorded
from warehouse import checking, facts, intake, ledger, register
from warehouse.facts import Judged, Status
from warehouse.intake.guard import Refusal, admit
from warehouse.intake.reading import Landing, Reading
from warehouse.store import Store

LABELS = {
    Status.ACCEPTED: "已接收",
    Status.ACCEPTED_WITH_WARNINGS: "已接收,需说明",
    Status.RETURNED: "退回",
    Status.QUARANTINED: "暂存",
}


@dataclass
class CollectResult:
    """What one collection did; ``lines`` has one dict a new file: unit, file_name, status, label, reason, ..."""

    accepted: int = 0
    accepted_with_warnings: int = 0
    returned: int = 0
    quarantined: int = 0
    duplicates: int = 0
    revisions: int = 0
    waiting: list[str] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)

    @property
    def has_problems(self) -> bool:
        return bool(self.returned or self.quarantined)


@dataclass(frozen=True)
class Arrived:
    """One file copied safely, or refused, with the directory entry it came from."""

    candidate: drop_folder.Candidate
    unit: str
    file_name: str
    copy: Landing | Refusal


def collect(
    office: Office,
    as_of: datetime,
    *,
    inbox: Path | None = None,
    period: str | None = None,
    units: Sequence[str] | None = None,
    send: bool = True,
) -> CollectResult:
    """Takes what lies in the drop folder (or only reads ``inbox``), judges it and answers every file.

    :param period: refuse files of other periods; None takes any open one
    :param units: only these units' folders
    """
    office.home.create()
    place = inbox or office.home.inbox
    found = _settled(office, place)
    result = CollectResult(waiting=[*found.growing, *found.folders])
    arrived = [a for c in found.ready if (a := _take(office, c, units)) is not None]
    if arrived:
        readings = _read_new(office, arrived)
        with office.store() as store, recorded(office, store, "collect", period, inbox=str(place)) as run_id:
            _settle_batch(office, store, run_id, as_of, period, arrived, readings, result)
        shelving.clear(office.home, (a for a in arrived if inbox is None))
    if send:
        deliver(office, as_of)
    return result


def _settled(office: Office, place: Path) -> drop_folder.Scan:
    """Lists the folder; when files were written a moment ago, waits once for them to settle."""
    settle = office.config.settings.intake.settle_seconds
    found = drop_folder.scan(place, now=time.time(), settle_seconds=settle)
    if found.growing:
        time.sleep(settle)
        found = drop_folder.scan(place, now=time.time(), settle_seconds=settle)
    return found


def _take(office: Office, candidate: drop_folder.Candidate, units: Sequence[str] | None) -> Arrived | None:
    owner = office.config.find_unit(candidate.folder) if candidate.folder else None
    unit = owner.code if owner else ""
    if units and unit not in units:
        return None
    name = drop_folder.decode_name(candidate.path.rsplit(b"/", 1)[1])
    shown = name if owner else f"{candidate.folder}/{name}".lstrip("/")
    copy = admit(candidate.path, unit, office.home.landing, office.config.settings.intake.limits())
    return Arrived(candidate, unit, shown, copy)
