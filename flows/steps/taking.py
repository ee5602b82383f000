"""Taking files from the drop folder: each is copied safely or refused; afterwards the folder is emptied."""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from flows import inbox as drop_folder
from flows.office import Office
from flows.steps import shelving
from warehouse import facts
from warehouse.durable import sweep
from warehouse.intake.guard import Refusal, admit, display_name
from warehouse.intake.reading import Landing
from warehouse.killpoints import reached

LOCK_TIMEOUT_S = 600
FIRST_SHARE = 20  # files of one folder in the first batch: more than any clerk drops at once
LARGEST_SHARE = 600
BULKY_BYTES = 2_000_000  # no workbook of ours: reading one may take as long as all others together
FIRST_BYTES, LARGEST_BYTES = 4_000_000, 20_000_000  # of one folder in the first batch, in a later one


class CollectionBusy(RuntimeError):
    """Another collection of this home has been at work for too long; the message says what to do."""


@dataclass(frozen=True)
class Arrived:
    """One directory entry with what became of it: a landing copy, or the guard's refusal."""

    candidate: drop_folder.Candidate
    unit: str  # "" in a folder that is nobody's
    file_name: str
    copy: Landing | Refusal

    @cached_property
    def sha256(self) -> str:
        """The content's hash; what could not even be read is known by the entry itself."""
        return self.copy.sha256 or hashlib.sha256(self.candidate.entry.encode()).hexdigest()

    @cached_property
    def submission_id(self) -> str:
        return facts.submission_id(self.unit, self.sha256)


@contextmanager
def alone(office: Office) -> Iterator[None]:
    """One collection at a time: a second one waits, then finds what the first left.

    Tidies up first what a collection that died left in the landing folder.

    :raises CollectionBusy: when the other does not end
    """
    landing = office.home.landing
    try:
        with FileLock(f"{landing}.lock", timeout=LOCK_TIMEOUT_S):
            for claimed, fate in drop_folder.restore(landing / ".claims", office.home.inbox):
                _dispose(office, claimed, fate)
            sweep(office.home.archive, office.home.quarantine, deep=False)
            sweep(office.home.root / "returned")
            shutil.rmtree(landing, ignore_errors=True)
            landing.mkdir(parents=True, exist_ok=True)
            yield
    except Timeout as error:
        raise CollectionBusy("另一次采集一直没有结束，请稍后再试；若确认已卡死，请先结束该进程") from error


def settled(
    office: Office,
    place: Path,
    *,
    patient: bool = True,
    wanted: Callable[[str], bool] = lambda folder: True,
) -> drop_folder.Scan:
    """Lists the folder; when files were written a moment ago, waits once for them to settle.

    :param wanted: only folders of these names are looked into
    """
    settle = office.config.settings.intake.settle_seconds
    found = drop_folder.scan(place, now=time.time(), settle_seconds=settle, wanted=wanted)
    if found.growing and patient:
        time.sleep(settle)
        found = drop_folder.scan(place, now=time.time(), settle_seconds=settle, wanted=wanted)
    return found


def fair_share(
    ready: Sequence[drop_folder.Candidate], done: Mapping[str, str], most: int
) -> list[drop_folder.Candidate]:
    """The next batch: not yet ``done`` entries, each folder's oldest, so that a flood of one starves no other.

    What was taken before in this collection has been answered, so the batches may grow.

    :param done: entries taken before in this collection, with their folders
    :param most: files of one batch; where more folders wait, each one's first comes before anybody's second
    """
    waiting = [c for c in ready if c.entry not in done]
    allowance, most_bytes = min(FIRST_SHARE + len(done), LARGEST_SHARE), LARGEST_BYTES
    if not done and any(c.size_bytes < BULKY_BYTES for c in waiting):
        waiting, most_bytes = [c for c in waiting if c.size_bytes < BULKY_BYTES], FIRST_BYTES
    before, taken, taken_bytes = Counter(done.values()), Counter[str](), Counter[str]()
    batch: list[tuple[int, drop_folder.Candidate]] = []
    for candidate in waiting:
        folder, size = candidate.folder, candidate.size_bytes
        full = taken[folder] >= allowance or taken_bytes[folder] + size > most_bytes
        if taken[folder] and full:
            continue
        batch.append((before[folder] + taken[folder], candidate))
        taken[folder] += 1
        taken_bytes[folder] += size
    if len(batch) > most:
        batch = sorted(batch, key=lambda turn: turn[0])[:most]
    return [candidate for _, candidate in batch]


def take(
    office: Office, candidate: drop_folder.Candidate, units: Sequence[str] | None, landing: Path | None = None
) -> Arrived | None:
    """Copies one entry into ``landing`` (the office's own by default); None when it is not of ``units``."""
    owner = office.config.find_unit(candidate.folder) if candidate.folder else None
    unit = owner.code if owner else ""
    if units and unit not in units:
        return None
    name = display_name(candidate.path.rsplit(b"/", 1)[1])
    shown = name if owner else f"{candidate.folder}/{name}".lstrip("/")
    copy = admit(candidate.path, unit, landing or office.home.landing, office.config.settings.intake)
    reached("claim")
    return Arrived(candidate, unit, shown, copy)


def split(
    arrived: Sequence[Arrived], known: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Arrived], list[Arrived]]:
    """What is new, and further entries with the same bytes. An entry that was answered before is neither."""
    new: dict[str, Arrived] = {}
    copies: list[Arrived] = []
    for a in arrived:
        sid = a.submission_id
        if sid not in known and sid not in new:
            new[sid] = a
        elif sid in new or a.candidate.entry not in known[sid]["entries"]:
            copies.append(a)
    return list(new.values()), copies


def arrivals(copies: Iterable[Arrived]) -> list[facts.Arrival]:
    """Copies as the warehouse records them."""
    return [
        facts.Arrival(a.unit, a.file_name, a.sha256, a.candidate.size_bytes, a.submission_id, True, a.candidate.entry)
        for a in copies
    ]  # fmt: skip


def clear(office: Office, arrived: Iterable[Arrived]) -> list[str]:
    """Empties the drop folder of the entries that were read; refused ones are set aside.

    A newer version under the same name stays for the next collection. Returns names that could not be
    moved (a folder without write permission): they were answered and will be passed over.
    """
    stuck = []
    for a in arrived:
        try:
            fate = f"{a.unit or '_'}-{a.sha256}" if isinstance(a.copy, Refusal) else ""
            now_at = drop_folder.withdraw(a.candidate, office.home.landing / ".claims", fate)
            if now_at is None:
                continue
            reached("withdrawn")
            _dispose(office, now_at, fate)
            reached("removed")
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            stuck.append(a.file_name)
    return stuck


def _dispose(office: Office, path: bytes, fate: str) -> None:
    """The end of an answered entry: removed, or kept in quarantine under the name ``fate``."""
    if fate:
        shelving.set_aside(office.home, path, fate)
    else:
        shelving.remove(path)
    drop_folder.tidy(path)


def clear_landing(arrived: Iterable[Arrived]) -> None:
    """The copies have been kept in archive or quarantine; the landing folder is not needed any more."""
    for a in arrived:
        if isinstance(a.copy, Landing):
            a.copy.path.unlink(missing_ok=True)
            reached("landing-cleared")
