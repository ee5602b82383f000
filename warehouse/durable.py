"""Files that appear whole or not at all, whoever dies or runs out of disk meanwhile, and however many write at once.

Belongs here: the temporary name, the swap, sweeping up what a crash left. Does not: what is in a file, when to sweep.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from warehouse.killpoints import reached

# .NAME.PID-N.part: two processes never write into one temporary file, and a dead one's are told from a living one's.
_PART = re.compile(r"\..+\.(\d+)-\d+\.part\Z")
_number = itertools.count()
_ABANDONED_S = 3600  # by then nobody writes any more, even if the number was given to another process since


@contextmanager
def whole(path: Path, *, synced: bool = False, point: str = "page") -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; it takes its place at the end, or goes when anything fails.

    :param synced: survives a power cut too (a few ms); for files that nothing can make again
    :param point: kill point: ``point``-part before the swap, ``point`` after it
    :raises OSError: disk full, read-only, no permission; ``path`` is as it was
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{_short(path.name)}.{os.getpid()}-{next(_number)}.part")
    try:
        yield part
        if synced:
            handle = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        reached(f"{point}-part")
        part.replace(path)
    except BaseException:
        # A full disk is not filled further by what nobody will read.
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    reached(point)


def write_whole(path: Path, data: bytes | str, *, synced: bool = False, point: str = "page") -> None:
    """``path`` holds ``data`` (text as UTF-8) or what it held before; arguments and errors as :func:`whole`."""
    with whole(path, synced=synced, point=point) as part:
        part.write_bytes(data.encode() if isinstance(data, str) else data)


@contextmanager
def appending(path: Path) -> Iterator[BinaryIO]:
    """``path`` opened at its end; what is written there survives a power cut, or the file is as it was.

    :raises OSError: disk full, read-only, no permission
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("ab") as file:
        size = file.tell()
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            # What the buffer still holds must not be written by closing.
            os.ftruncate(file.fileno(), size)
            raise
    if is_new:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """The names in ``folder`` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(*folders: Path, deep: bool = True) -> int:
    """Removes the temporary files of dead processes in ``folders`` (and below); returns how many."""
    swept = 0
    for folder in folders:
        for part in folder.glob("**/.*.part" if deep else ".*.part"):
            found = _PART.match(part.name)
            if found and (not _is_alive(int(found[1])) or _is_old(part)):
                with suppress(OSError):
                    part.unlink()
                    swept += 1
    return swept


def _short(name: str) -> str:
    """A file name may have 255 bytes, and Chinese takes three a character."""
    return os.fsdecode(os.fsencode(name)[:200])


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OverflowError:
        return False
    except PermissionError:
        return True
    return True


def _is_old(part: Path) -> bool:
    with suppress(OSError):
        return time.time() - part.stat().st_mtime > _ABANDONED_S
    return False
