"""The first gate: one directory entry becomes a byte-exact landing copy named by its hash, or a refusal.

Nothing is derived from the upload's own name: it is only shown. What the bytes mean is decided later,
in a process of its own (child).
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from warehouse.intake.limits import LimitsLike
from warehouse.intake.reading import HeldReason, Landing
from warehouse.killpoints import reached

_CHUNK = 1 << 20
_SHOWN_NAME = 120
_REPLACED = "\u25a1"
# Gone, or out of permissions, descriptors, memory: nothing the file is to blame for.
_PASSING = (
    errno.ENOENT, errno.ESTALE, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR,
)  # fmt: skip


@dataclass(frozen=True)
class Refusal:
    """An entry that was not copied. ``sha256`` only where the content could be read safely."""

    reason: HeldReason
    detail: str
    unit: str
    file_name: str
    sha256: str | None = None
    size_bytes: int = 0
    modified_at: float = 0.0
    is_passing: bool = (
        False  # gone, still changing or our own trouble: no verdict, look again at the next collection
    )
    is_locked: bool = False  # passing until somebody gives back the permission to read it


def display_name(name: bytes) -> str:
    """A file name for people: UTF-8, else GB18030; controls, bidi and invisible marks become a box."""
    for encoding in ("utf-8", "gb18030"):
        try:
            text = name.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = name.decode("utf-8", "replace")
    shown = "".join(
        _REPLACED if unicodedata.category(c)[0] == "C" or c in "\u2028\u2029" else c for c in text
    )
    return shown if len(shown) <= _SHOWN_NAME else shown[: _SHOWN_NAME - 1] + "…"


def admit(path: bytes | Path, unit: str, landing_dir: Path, limits: LimitsLike) -> Landing | Refusal:
    """Copies ``path`` to ``landing_dir``/<sha256> and says what was copied, or why it was not.

    Links, devices, FIFOs, files with a second name, empty and over-large files are refused unread; so
    is a file that changed while it was copied or is gone (``is_passing``). Raises OSError only when
    the landing folder itself cannot be written (disk full): the caller stops, nothing is lost.
    """
    raw = os.fsencode(path)
    name = display_name(raw.rsplit(b"/", 1)[-1])
    try:
        source = os.open(raw, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:
        return Refusal(HeldReason.BAD_NAME, name, unit, name)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV, errno.EMLINK):
            return Refusal(HeldReason.NOT_REGULAR, "链接或设备", unit, name)
        if error.errno in (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ):
            return Refusal(HeldReason.BAD_NAME, name, unit, name)
        detail = f"不能打开（{os.strerror(error.errno or 0)}）"
        return Refusal(
            HeldReason.DAMAGED, detail, unit, name,
            is_passing=error.errno in _PASSING, is_locked=error.errno in (errno.EACCES, errno.EPERM),
        )  # fmt: skip
    try:
        return _copy(source, unit, name, landing_dir, limits)
    finally:
        os.close(source)


def _copy(source: int, unit: str, name: str, landing_dir: Path, limits: LimitsLike) -> Landing | Refusal:
    before = os.fstat(source)
    size, modified = before.st_size, before.st_mtime

    def refuse(reason: HeldReason, detail: str, *, is_passing: bool = False) -> Refusal:
        return Refusal(reason, detail, unit, name, None, size, modified, is_passing)

    if not stat.S_ISREG(before.st_mode):
        return refuse(HeldReason.NOT_REGULAR, "不是普通文件")
    if before.st_nlink != 1:
        return refuse(HeldReason.NOT_REGULAR, "硬链接")
    if size == 0:
        return Refusal(HeldReason.EMPTY, "0字节", unit, name, hashlib.sha256(b"").hexdigest(), size, modified)
    if size > limits.max_bytes:
        return refuse(HeldReason.TOO_LARGE, f"{size / 1048576:.1f}MB，上限{limits.max_bytes / 1048576:g}MB")
    handle, temporary = tempfile.mkstemp(prefix=".landing-", dir=landing_dir)
    kept = False
    try:
        digest, copied = hashlib.sha256(), 0
        while True:
            try:
                block = os.read(source, _CHUNK)
            except OSError as error:
                return refuse(HeldReason.DAMAGED, f"读取出错（{os.strerror(error.errno or 0)}）")
            if not block:
                break
            copied += len(block)
            if copied > limits.max_bytes:
                return refuse(HeldReason.TOO_LARGE, "读取时仍在增长", is_passing=True)
            digest.update(block)
            _write(handle, block)
        after = os.fstat(source)
        if copied != size or (after.st_size, after.st_mtime_ns) != (size, before.st_mtime_ns):
            return refuse(HeldReason.DAMAGED, "读取时文件仍在变化", is_passing=True)
        os.fsync(handle)
        reached("landing-part")
        target = landing_dir / digest.hexdigest()
        Path(temporary).replace(target)
        kept = True
    finally:
        os.close(handle)
        if not kept:
            Path(temporary).unlink(missing_ok=True)
    return Landing(target, digest.hexdigest(), unit, name, size, modified)


def _write(handle: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(handle, view) :]
