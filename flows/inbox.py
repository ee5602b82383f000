"""The drop folder: which files wait in it, and taking a taken one away.

Belongs here: listing and removing directory entries. Does not: reading or copying a file's bytes
(warehouse.intake.guard), deciding what becomes of it (flows.steps).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from warehouse.intake.guard import display_name

# Names that Office, WPS, browsers and copy tools give to files that are not finished.
_UNFINISHED_PREFIXES = (b"~$", b".~", b".")
_UNFINISHED_SUFFIXES = (b".tmp", b".part", b".crdownload", b".swp")


@dataclass(frozen=True)
class Candidate:
    """One directory entry: ``folder`` is the name below the inbox ("" for the inbox itself), undecoded path."""

    path: bytes
    folder: str
    modified_at: float
    size_bytes: int

    def unchanged(self) -> bool:
        """Still the entry that was listed (nobody replaced it meanwhile)."""
        try:
            now = os.lstat(self.path)
        except OSError:
            return False
        return (now.st_mtime, now.st_size) == (self.modified_at, self.size_bytes)


@dataclass(frozen=True)
class Scan:
    ready: list[Candidate]  # may be taken, oldest first
    growing: list[str]  # written to a moment ago: may be half a file still
    folders: list[str]  # directories inside a unit's folder are not entered, but named


def scan(inbox: Path, *, now: float, settle_seconds: float) -> Scan:
    """What lies in the drop folder: one level of folders, each a unit's; unfinished names are passed over."""
    found = Scan([], [], [])
    root = os.fsencode(inbox)
    for folder, entry in _entries(root):
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
            found.ready.append(Candidate(entry.path, folder, info.st_mtime, info.st_size))
    found.ready.sort(key=lambda c: (c.modified_at, c.path))
    return found


def _entries(root: bytes) -> list[tuple[str, os.DirEntry[bytes]]]:
    found: list[tuple[str, os.DirEntry[bytes]]] = []
    try:
        with os.scandir(root) as top:
            for entry in top:
                if not entry.is_dir(follow_symlinks=False):
                    found.append(("", entry))
                    continue
                if entry.name.startswith(b"."):
                    continue
                with os.scandir(entry.path) as inner:
                    found += [(display_name(entry.name), item) for item in inner]
    except FileNotFoundError:
        return found
    return found
