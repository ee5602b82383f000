"""The drop folder: which files wait in it, and taking a taken one away.

Belongs here: listing and removing directory entries. Does not: reading or copying a file's bytes
(warehouse.intake.guard), deciding what becomes of it (flows.steps).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from warehouse.intake.guard import display_name

# Names that Office, WPS, browsers and copy tools give to files that are not finished.
_UNFINISHED_PREFIXES = (b"~$", b".~", b".")
_UNFINISHED_SUFFIXES = (b".tmp", b".part", b".crdownload", b".swp")
# Where an entry waits between the drop folder and its end: =INODE.MODIFIED.SIZE.FATE
_WITHDRAWN = re.compile(rb"=(\d+)\.(\d+)\.(\d+)\.(.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Candidate:
    """One directory entry: ``folder`` is the name below the inbox ("" for the inbox itself), undecoded path."""

    path: bytes
    folder: str
    info: os.stat_result  # of the entry itself, links not followed

    @property
    def size_bytes(self) -> int:
        return self.info.st_size

    @property
    def entry(self) -> str:
        """Tells this drop from a later one of the same bytes under the same name; stable while it lies here."""
        place = b"/".join(self.path.rsplit(b"/", 2)[1:])
        when = f"{self.info.st_mtime_ns} {self.info.st_ctime_ns} {self.info.st_size}"
        return hashlib.sha256(place + b"\n" + when.encode()).hexdigest()[:16]

    def is_at(self, path: bytes) -> bool:
        """Whether the entry at ``path`` is still the one that was listed (renaming alters no content)."""
        try:
            now = os.lstat(path)
        except OSError:
            return False
        return _content_key(now) == _content_key(self.info)


def _content_key(info: os.stat_result) -> tuple[int, int, int, int]:
    return info.st_dev, info.st_ino, info.st_mtime_ns, info.st_size


@dataclass(frozen=True)
class Scan:
    ready: list[Candidate]  # may be taken, oldest first
    growing: list[str]  # written to a moment ago: may be half a file still
    folders: list[str]  # directories inside a unit's folder are not entered, but named
    closed: list[str] = field(default_factory=list)  # units' folders that may not be listed


def scan(
    inbox: Path, *, now: float, settle_seconds: float, wanted: Callable[[str], bool] = lambda folder: True
) -> Scan:
    """What lies in the drop folder: one level of folders, each a unit's; unfinished names are passed over.

    :param wanted: which folders to look into; "" is the drop folder itself
    """
    found = Scan([], [], [])
    root = os.fsencode(inbox)
    for folder, entry in _entries(root, found.closed, wanted):
        shown = f"{folder}/{display_name(entry.name)}" if folder else display_name(entry.name)
        if entry.name.startswith(_UNFINISHED_PREFIXES) or entry.name.lower().endswith(_UNFINISHED_SUFFIXES):
            continue
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if entry.is_dir(follow_symlinks=False):
            found.folders.append(shown)
        elif 0 <= now - info.st_mtime < settle_seconds:
            found.growing.append(shown)
        else:
            found.ready.append(Candidate(entry.path, folder, info))
    found.ready.sort(key=lambda c: (c.info.st_mtime, c.path))
    return found


def _entries(
    root: bytes, closed: list[str], wanted: Callable[[str], bool]
) -> list[tuple[str, os.DirEntry[bytes]]]:
    """:raises OSError: the drop folder itself may not be listed"""
    try:
        with os.scandir(root) as top:
            entries = list(top)
    except FileNotFoundError:
        return []
    found: list[tuple[str, os.DirEntry[bytes]]] = []
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            if wanted(""):
                found.append(("", entry))
            continue
        if entry.name.startswith(b".") or not wanted(display_name(entry.name)):
            continue
        try:
            with os.scandir(entry.path) as inner:
                found += [(display_name(entry.name), item) for item in inner]
        except FileNotFoundError:
            continue
        except PermissionError:  # a unit that locks its own folder keeps no other from being read
            closed.append(display_name(entry.name))
    return found


def withdraw(candidate: Candidate, claims: Path, fate: str = "") -> bytes | None:
    """Takes the entry out of the drop folder and returns where it is now; None when it is another one by now.

    It is renamed first and compared then: between a comparison and a removal a newer version could slip in.
    An entry of the same name that turns out to be newer goes back for the next collection.

    :param fate: what is to become of the entry, kept beside it for whoever finishes the work of a dead collection
    """
    _, inode, modified, size = _content_key(candidate.info)
    place = os.fsencode(claims) + f"/={inode}.{modified}.{size}.{fate}/".encode()
    place += candidate.path.rsplit(b"/", 2)[1] if candidate.folder else b""
    os.makedirs(place, exist_ok=True)  # noqa: PTH103  the name is bytes
    claimed = place.rstrip(b"/") + b"/" + candidate.path.rsplit(b"/", 1)[1]
    try:
        os.rename(candidate.path, claimed)  # noqa: PTH104
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return (
            candidate.path if candidate.is_at(candidate.path) else None
        )  # another file system: compare only
    if candidate.is_at(claimed):
        return claimed
    _put_back(claimed, candidate.path)
    tidy(claimed)
    return None


def tidy(claimed: bytes) -> None:
    """Removes the empty folders in which a withdrawn entry had waited."""
    above, mark, below = claimed.rpartition(b"/.claims/=")
    place = claimed.rsplit(b"/", 1)[0]
    with contextlib.suppress(OSError):
        while mark and len(place) > len(above) + len(mark):
            os.rmdir(place)  # noqa: PTH106
            place = place.rsplit(b"/", 1)[0]


def restore(claims: Path, inbox: Path) -> list[tuple[bytes, str]]:
    """Gives back what a collection that died had taken out by mistake: newer versions, never answered.

    Returns what it had answered and only not disposed of: (where it is now, its fate). Given back they would
    look like a second drop, because renaming changes an entry's times.
    """
    answered: list[tuple[bytes, str]] = []
    root = os.fsencode(claims)
    withdrawn = []
    with contextlib.suppress(FileNotFoundError), os.scandir(root) as top:
        withdrawn = [(e.path, found) for e in top if (found := _WITHDRAWN.match(e.name))]
    for below, found in withdrawn:
        for folder, claimed in list(_below(below)):
            now = os.lstat(claimed)
            if (now.st_ino, now.st_mtime_ns, now.st_size) == tuple(map(int, found.groups()[:3])):
                answered.append((claimed, os.fsdecode(found[4])))
            else:
                _give_back(folder, claimed, inbox)
    for folder, claimed in list(_below(root)):
        if not _WITHDRAWN.match(folder):
            _give_back(folder, claimed, inbox)
    return answered


def _give_back(folder: bytes, claimed: bytes, inbox: Path) -> None:
    place = os.fsencode(inbox) + (b"/" + folder if folder else b"")
    os.makedirs(place, exist_ok=True)  # noqa: PTH103
    _put_back(claimed, place + b"/" + claimed.rsplit(b"/", 1)[1])


def _below(root: bytes) -> Iterator[tuple[bytes, bytes]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(root) as top:
        for entry in top:
            if not entry.is_dir(follow_symlinks=False):
                yield b"", entry.path
                continue
            with os.scandir(entry.path) as inner:
                for item in inner:
                    yield entry.name, item.path


def _put_back(claimed: bytes, path: bytes) -> None:
    """Under its own name, or beside a newer one that has taken the name."""
    folder, name = path.rsplit(b"/", 1)
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = folder + b"/" + b"%d_" % number + name[:240]
    os.rename(claimed, free)  # noqa: PTH104
