"""The operator's work: making a home, checking its health, backing it up, restoring it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import socket
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.register import packaged
from flows.office import Office
from warehouse.store import StoreError

# What a home cannot do without; workbooks, site and snapshot are made again from these.
_KEPT = ("config", "archive", "quarantine", "returned", "reports", "outbox")
_EDITABLE = ("plan.yml", "units.yml", "calendar.yml", "settings.yml")


class BackupError(RuntimeError):
    """A backup file is damaged or not one of ours; nothing was changed."""


@dataclass(frozen=True)
class Check:
    ok: bool
    text: str


def init(office: Office) -> list[str]:
    """Copies the editable configuration into HOME/config; files already there are kept."""
    lines = []
    for name in (*_EDITABLE, "contacts.yml"):
        target = office.home.config / name
        source = packaged() / ("contacts.example.yml" if name == "contacts.yml" else name)
        if target.exists():
            lines.append(f"保留 {target}")
        else:
            target.write_bytes(source.read_bytes())
            lines.append(f"新建 {target}")
    if office.config.contacts.is_example:
        lines.append("请把 contacts.yml 中的样例地址改成本单位的真实联系人,再运行 jibao doctor。")
    for unit in office.config.units:
        (office.home.inbox / unit.code).mkdir(parents=True, exist_ok=True)
    lines.append(f"各单位投递目录在 {office.home.inbox}")
    return lines


def doctor(office: Office) -> list[Check]:
    """One line a component: what is right, or what is wrong and what to do about it."""
    return [
        *_check_config(office),
        *_check_folders(office),
        _check_warehouse(office),
        _check_mail(office),
        _check_prefect(office),
    ]


def _check_config(office: Office) -> Iterator[Check]:
    config = office.config
    yield Check(
        True, f"配置:{config.plan.name},指标 {len(config.plan.indicators)} 项,单位 {len(config.units)} 家"
    )
    missing = [u.name for u in config.units if config.contacts.clerk(u.code) is None]
    if config.contacts.is_example:
        yield Check(False, "联系人:现用样例地址;请运行 jibao init 并填写 HOME/config/contacts.yml")
    elif missing:
        yield Check(
            False, f"联系人:{len(missing)} 家没有填报员({'、'.join(missing[:5])}…);请补充 contacts.yml"
        )
    else:
        yield Check(True, "联系人:每家单位都有填报员")


def _check_folders(office: Office) -> Iterator[Check]:
    for folder in (office.home.inbox, office.home.archive, office.home.outbox):
        usable = folder.is_dir() and os.access(folder, os.R_OK | os.W_OK | os.X_OK)
        yield Check(usable, f"目录:{folder}" + ("" if usable else " 不可读写;请检查权限"))
    free = shutil.disk_usage(office.home.root).free
    yield Check(
        free > 1 << 30, f"磁盘:剩余 {free >> 20} MB" + ("" if free > 1 << 30 else ";不足 1 GB,请清理")
    )


def _check_warehouse(office: Office) -> Check:
    try:
        with office.store() as store:
            cycles = store.rows("list_cycles")
    except StoreError as error:
        return Check(False, f"仓库:{error}")
    return Check(True, f"仓库:可读写,已开启 {len(cycles)} 个报告期")


def _check_mail(office: Office) -> Check:
    mail = office.config.settings.mail
    if mail.mode == "sink":
        return Check(True, f"邮件:内置收信,邮件存入 {office.home.outbox},不外发")
    try:
        with socket.create_connection((mail.host, mail.port), timeout=5):
            return Check(True, f"邮件:{mail.host}:{mail.port} 可连接")
    except OSError as error:
        return Check(
            False, f"邮件:{mail.host}:{mail.port} 连不上({error.strerror or error});请检查服务器与网络"
        )


def _check_prefect(office: Office) -> Check:
    server = office.config.settings.prefect
    try:
        with socket.create_connection((server.host, server.port), timeout=2):
            return Check(True, f"Prefect:http://{server.host}:{server.port} 正在运行")
    except OSError:
        return Check(True, "Prefect:没有运行;需要定时任务和界面时请运行 jibao up")


def backup(office: Office, as_of: datetime) -> Path:
    """Writes HOME/backups/jibao-<time>.tar.gz and reads it back against its own manifest."""
    home = office.home
    target = home.backups / f"jibao-{as_of:%Y%m%d-%H%M%S}.tar.gz"
    part = target.with_suffix(".part")
    manifest: dict[str, str] = {}
    with office.store(), tarfile.open(part, "w:gz", compresslevel=3) as tar:
        # Under the writer's lock and freshly checkpointed, the file alone is the whole warehouse.
        for path in _kept_files(home.root):
            name = path.relative_to(home.root).as_posix()
            manifest[name] = _sha256(path)
            tar.add(path, name, recursive=False)
        text = json.dumps(manifest, ensure_ascii=False, indent=0).encode()
        entry = tarfile.TarInfo("MANIFEST.json")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    verify(part)
    part.replace(target)
    return target


def verify(archive: Path) -> dict[str, str]:
    """Name and SHA-256 of every file in a backup.

    :raises BackupError: when a file is missing, extra or altered
    """
    found: dict[str, str] = {}
    manifest: dict[str, str] | None = None
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for entry in tar:
                stream = tar.extractfile(entry)
                if stream is None:
                    raise BackupError(f"备份中有不是文件的条目:{entry.name}")
                if entry.name == "MANIFEST.json":
                    manifest = json.loads(stream.read())
                else:
                    found[entry.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise BackupError(f"备份文件读不完整:{archive.name}({error})") from error
    if manifest is None or manifest != found:
        raise BackupError(f"备份文件与清单不符,不能使用:{archive.name}")
    return found


def restore(office: Office, archive: Path, as_of: datetime) -> Path:
    """Puts a verified backup in place; what lay there is moved aside, never deleted.

    :raises BackupError: before anything is touched
    """
    verify(archive)
    home = office.home
    aside = home.backups / f"before-restore-{as_of:%Y%m%d-%H%M%S}"
    fresh = home.root / ".restoring"
    shutil.rmtree(fresh, ignore_errors=True)
    with tarfile.open(archive, "r:gz") as tar:
        tar.extractall(fresh, filter="data")
    (fresh / "MANIFEST.json").unlink()
    aside.mkdir(parents=True)
    with office.store():
        pass  # waits for the writer, leaves no WAL behind
    for name in (*_KEPT, home.warehouse.name, home.warehouse.name + ".wal"):
        if (home.root / name).exists():
            (home.root / name).rename(aside / name)
    for path in fresh.iterdir():
        path.rename(home.root / path.name)
    fresh.rmdir()
    home.create()
    shutil.copyfile(home.warehouse, home.snapshot)
    return aside


def _kept_files(root: Path) -> Iterator[Path]:
    for folder in _KEPT:
        yield from sorted(p for p in (root / folder).rglob("*") if p.is_file() and not p.is_symlink())
    if (root / "warehouse.duckdb").exists():
        yield root / "warehouse.duckdb"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
