"""One file that holds the whole office, proved against its own manifest, and the way back.

Belongs here: backup, verify, restore. Does not: how long backups are kept (retention), making a warehouse from the
journal (rebuilding).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from filelock import FileLock

from flows.home import Home
from flows.office import Office
from warehouse import audit
from warehouse.places import LOCK_TIMEOUT_S, publish_snapshot

# What a home cannot do without; workbooks, site and snapshot are made again from these.
KEPT = ("config", "archive", "audit", "letters", "quarantine", "returned", "reports", "outbox")
_PART = ".part"


class BackupError(RuntimeError):
    """A backup file is damaged or not one of ours; nothing was changed."""


def backup(office: Office, as_of: datetime) -> Path:
    """Writes HOME/backups/jibao-<time>.tar.gz and reads it back against its own manifest.

    Beside it lies jibao-<time>.head.json: up to where the audit log went, for ``jibao audit verify``.

    :raises OSError: no room, no right; what was half written is gone
    """
    home = office.home
    target = home.backups / f"jibao-{as_of:%Y%m%d-%H%M%S}.tar.gz"
    part, copy = target.with_suffix(_PART), home.backups / ".copying.duckdb"
    home.backups.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, str] = {}
    try:
        with office.store() as store:
            with store.transaction():
                audit.record(store, [audit.Note("backup", target.name, as_of)])
            copy.unlink(missing_ok=True)
            # Under the writer's lock: warehouse, archive and journal are of the same moment.
            store.save_copy(copy)
            head = office.journal.confirmed()
            with tarfile.open(part, "w:gz", compresslevel=3) as tar:
                for path, name in (*_kept_files(home.root), (copy, home.warehouse.name)):
                    with path.open("rb") as stream:
                        manifest[name] = _add(tar, stream, name)
                text = json.dumps(manifest, ensure_ascii=False, indent=0).encode()
                entry = tarfile.TarInfo("MANIFEST.json")
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text))
        verify(part)
        part.replace(target)
    finally:
        copy.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    if head is not None:
        known = {
            "sequence": head.sequence,
            "hash": head.hash,
            "backup": target.name,
            "sha256": _sha256(target),
        }
        head_file(target).write_text(json.dumps(known), "utf-8")
    return target


def head_file(archive: Path) -> Path:
    """Where the audit log's head at the time of a backup is noted."""
    return archive.with_name(archive.name.removesuffix(".tar.gz") + ".head.json")


def backups(home: Home) -> list[Path]:
    """All of them, oldest first."""
    return sorted(home.backups.glob("jibao-????????-??????.tar.gz"))


def verify(archive: Path) -> dict[str, str]:
    """Name and SHA-256 of every file in a backup.

    :raises BackupError: when a file is missing, extra or altered
    """
    found: dict[str, str] = {}
    manifest: dict[str, str] | None = None
    try:
        # Read through to the end: the checksum of the whole stream is its last word.
        with gzip.open(archive) as raw, tarfile.open(fileobj=raw, mode="r|") as tar:
            for entry in tar:
                stream = tar.extractfile(entry)
                if stream is None:
                    raise BackupError(f"备份中有不是文件的条目：{entry.name}")
                if entry.name == "MANIFEST.json":
                    manifest = json.loads(stream.read())
                else:
                    found[entry.name] = _digest(stream)
            while raw.read(1 << 20):
                pass
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        raise BackupError(f"备份文件读不完整：{archive.name}（{error}）") from error
    if manifest is None or manifest != found:
        raise BackupError(f"备份文件与清单不符，不能使用：{archive.name}")
    return found


def restore(office: Office, archive: Path, as_of: datetime) -> Path:
    """Puts a verified backup in place; what lay there is moved aside, never deleted.

    Works on a home whose warehouse cannot be opened any more.

    :raises BackupError: before anything is touched
    """
    names = verify(archive)
    home = office.home
    if office.lake is not None:
        raise BackupError(
            "湖仓不能就地恢复：请把备份恢复到另一个目录（不设 JIBAO_WAREHOUSE），再用 jibao scale move 搬入空的湖仓"
        )
    if home.warehouse.name not in names:
        raise BackupError(f"备份里没有仓库文件，不能使用：{archive.name}")
    home.create()
    aside = home.backups / f"before-restore-{as_of:%Y%m%d-%H%M%S}"
    fresh = home.root / ".restoring"
    shutil.rmtree(fresh, ignore_errors=True)
    with tarfile.open(archive, "r:gz") as tar:
        tar.extractall(fresh, filter="data")
    (fresh / "MANIFEST.json").unlink()
    with alone(home):
        move_aside(home, aside, (*KEPT, home.warehouse.name, home.warehouse.name + ".wal"))
        for path in fresh.iterdir():
            path.rename(home.root / path.name)
        fresh.rmdir()
        home.create()
        publish_snapshot(home.warehouse, home.snapshot)
    after = {"backup": archive.name, "sha256": _sha256(archive), "moved_to": aside.name}
    with office.store() as store, store.transaction():
        audit.record(store, [audit.Note("restore", archive.name, as_of, after=after)])
    return aside


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Nobody else writes the warehouse or collects meanwhile; the warehouse itself is not opened."""
    with (
        FileLock(f"{home.landing}.lock", timeout=LOCK_TIMEOUT_S),
        FileLock(f"{home.warehouse}.lock", timeout=LOCK_TIMEOUT_S),
    ):
        yield


def move_aside(home: Home, aside: Path, names: tuple[str, ...]) -> None:
    """Moves what is there of ``names`` into ``aside``; on another file system it is copied first."""
    aside.mkdir(parents=True)
    for name in names:
        if (home.root / name).exists():
            shutil.move(home.root / name, aside / name)


def _kept_files(root: Path) -> Iterator[tuple[Path, str]]:
    for folder in KEPT:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.endswith(_PART):
                yield path, path.relative_to(root).as_posix()


class _Hashing:
    """Reads through, so that the manifest tells of the very bytes that went into the backup."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.sha256.update(data)
        return data


def _add(tar: tarfile.TarFile, stream: IO[bytes], name: str) -> str:
    entry = tar.gettarinfo(arcname=name, fileobj=stream)
    hashing: Any = _Hashing(stream)
    tar.addfile(entry, hashing)
    return str(hashing.sha256.hexdigest())


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := stream.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
