"""Where bytes come to rest: archive for what was read, quarantine for what was not, by hash, never changed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flows.home import Home
from warehouse.durable import sync_folder, whole, write_whole


def archive_path(home: Home, sha256: str) -> Path:
    return home.archive / sha256[:2] / sha256


def archive(home: Home, landing: Path, sha256: str) -> None:
    """Puts a landing copy into the archive; done already is done."""
    _keep(landing, archive_path(home, sha256))


def quarantine(home: Home, landing: Path | None, name: str, facts: dict[str, Any]) -> None:
    """Keeps what could not be read: the bytes, where they could be copied, and a note saying why."""
    target = home.quarantine / name
    if landing is not None:
        _keep(landing, target)
    note = target.with_name(name + ".json")
    if not note.exists():
        text = json.dumps(facts, ensure_ascii=False, indent=1, default=str)
        write_whole(note, text, synced=True, point="archive")


def make_durable(home: Home, hashes: Iterable[str]) -> None:
    """The names in archive and quarantine survive a power cut; the bytes were synced when they were copied."""
    folders = {archive_path(home, sha256).parent for sha256 in hashes}
    for folder in (*sorted(f for f in folders if f.exists()), home.archive, home.quarantine):
        sync_folder(folder)


def set_aside(home: Home, path: bytes, name: str) -> None:
    """Moves a refused directory entry itself (a link stays a link, nothing is followed or opened)."""
    home.quarantine.mkdir(parents=True, exist_ok=True)
    target = os.fsencode(home.quarantine / name)
    try:
        os.rename(path, target)  # noqa: PTH104  the name is bytes
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with contextlib.suppress(shutil.SpecialFileError):  # of a pipe or device the note alone is kept
            shutil.copyfile(path, target, follow_symlinks=False)
        remove(path)


def remove(path: bytes) -> None:
    """Removes a directory entry whose bytes are safe."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108  the name is bytes


def _keep(landing: Path, target: Path) -> None:
    """The landing copy stays: the same bytes may have come from a second folder and rest elsewhere too."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return
    try:
        landing.chmod(0o440)
        target.hardlink_to(landing)
    except OSError:  # archive on another file system
        with whole(target, synced=True, point="archive") as part:
            shutil.copyfile(landing, part)
            part.chmod(0o440)
