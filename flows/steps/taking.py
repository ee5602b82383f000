"""Taking files from the drop folder: each is copied safely or refused; afterwards the folder is emptied."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flows import inbox as drop_folder
from flows.office import Office
from flows.steps import shelving
from warehouse import facts
from warehouse.intake.guard import Refusal, admit, display_name
from warehouse.intake.reading import Landing


@dataclass(frozen=True)
class Arrived:
    """One directory entry with what became of it: a landing copy, or the guard's refusal."""

    candidate: drop_folder.Candidate
    unit: str  # "" in a folder that is nobody's
    file_name: str
    copy: Landing | Refusal

    @cached_property
    def sha256(self) -> str:
        """The content's hash; what could not even be read is known by its folder and name."""
        return self.copy.sha256 or hashlib.sha256(self.candidate.path).hexdigest()

    @cached_property
    def submission_id(self) -> str:
        return facts.submission_id(self.unit, self.sha256)


def settled(office: Office, place: Path) -> drop_folder.Scan:
    """Lists the folder; when files were written a moment ago, waits once for them to settle."""
    settle = office.config.settings.intake.settle_seconds
    found = drop_folder.scan(place, now=time.time(), settle_seconds=settle)
    if found.growing:
        time.sleep(settle)
        found = drop_folder.scan(place, now=time.time(), settle_seconds=settle)
    return found


def take(office: Office, candidate: drop_folder.Candidate, units: Sequence[str] | None) -> Arrived | None:
    """Copies one entry into the landing folder; None when it is not of ``units``."""
    owner = office.config.find_unit(candidate.folder) if candidate.folder else None
    unit = owner.code if owner else ""
    if units and unit not in units:
        return None
    name = display_name(candidate.path.rsplit(b"/", 1)[1])
    shown = name if owner else f"{candidate.folder}/{name}".lstrip("/")
    copy = admit(candidate.path, unit, office.home.landing, office.config.settings.intake)
    return Arrived(candidate, unit, shown, copy)


def clear(office: Office, arrived: Iterable[Arrived]) -> None:
    """Empties the drop folder of entries that are still the ones that were read; refused ones are set aside."""
    for a in arrived:
        if not a.candidate.unchanged():
            continue
        if isinstance(a.copy, Refusal):
            shelving.set_aside(office.home, a.candidate, f"{a.unit or '_'}-{a.sha256}")
        else:
            shelving.remove(a.candidate)


def clear_landing(arrived: Iterable[Arrived]) -> None:
    """The copies have been kept in archive or quarantine; the landing folder is not needed any more."""
    for a in arrived:
        if isinstance(a.copy, Landing):
            a.copy.path.unlink(missing_ok=True)
