"""``jibao doctor``: one line a component, each saying what to do when something is wrong.

Belongs here: looking and telling. Does not: mending anything, the figures a monitor asks for (health).
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from config.register import packaged
from flows import troubles
from flows.office import Office
from flows.upkeep import own_files
from flows.upkeep.backups import backups
from flows.upkeep.proving import prove
from warehouse.store import StoreError

_LEAST_FREE = 1 << 30
_CLOCK_SLACK_S = 300
_SAMPLE = ".example"  # reserved (RFC 2606): nobody has such an address, but every sample of ours


@dataclass(frozen=True)
class Check:
    ok: bool
    text: str
    name: str = ""


def doctor(office: Office, as_of: datetime) -> list[Check]:
    """Every component, in the order an operator would look."""
    return [
        *_config(office),
        _own_files(office),
        *_folders(office),
        _disk(office),
        *_secrets(office),
        *_warehouse(office, as_of),
        _audit(office),
        _backups(office, as_of),
        _mail(office),
        _prefect(office),
        _clock(as_of),
    ]


def _config(office: Office) -> Iterator[Check]:
    config = office.config
    yield Check(
        True,
        f"配置：{config.plan.name}，指标 {len(config.plan.indicators)} 项，单位 {len(config.units)} 家",
        "config",
    )
    missing = [u.name for u in config.units if config.contacts.clerk(u.code) is None]
    if config.contacts.is_example:
        yield Check(
            False, "联系人：现用样例地址；请运行 jibao init 并填写 HOME/config/contacts.yml", "contacts"
        )
    elif samples := [a for a in config.contacts.addresses() if a.endswith(_SAMPLE)]:
        yield Check(
            False,
            f"联系人：{len(samples)} 个地址仍是样例（{samples[0]}…），信寄不到；请在 contacts.yml 中改成真实联系人",
            "contacts",
        )
    elif missing:
        named = "、".join(missing[:5])
        yield Check(
            False, f"联系人：{len(missing)} 家没有填报员（{named}…）；请补充 contacts.yml", "contacts"
        )
    else:
        yield Check(True, "联系人：每家单位都有填报员", "contacts")


def _own_files(office: Office) -> Check:
    folder = office.home.config
    own = own_files.in_force(folder)
    said = f"采用 {folder} 中的 {'、'.join(own)}" if own else f"{folder} 中没有本单位的文件"
    rest = "其余用随程序发布的" if office.base == packaged() else f"其余用 {office.base} 的"
    if wrong := own_files.passed_over(folder):
        return Check(
            False,
            f"配置文件：{said}，{rest}；没有采用 {'、'.join(wrong)}，"
            f"请改名或移走（只读 {'、'.join(own_files.READ)} 和 templates 文件夹）",
            "config.files",
        )
    return Check(True, f"配置文件：{said}，{rest}", "config.files")


def _folders(office: Office) -> Iterator[Check]:
    home = office.home
    for folder in (home.inbox, home.archive, home.audit, home.letters, home.outbox, home.logs, home.backups):
        usable = not folder.exists() or os.access(folder, os.R_OK | os.W_OK | os.X_OK)
        said = "" if usable else " 不可读写；请检查所有者与权限（chown、chmod）"
        yield Check(usable, f"目录：{folder}{said}", f"folder.{folder.name}")
    missing = [u.code for u in office.config.units if not (home.inbox / u.code).is_dir()]
    if missing:
        yield Check(False, f"投递目录：缺 {len(missing)} 家的文件夹；请运行 jibao init", "folder.units")
    private = [home.root / n for n in ("warehouse.duckdb", "audit", "letters", "archive", "config")]
    open_to_all = [p.name for p in private if p.exists() and p.stat().st_mode & stat.S_IWOTH]
    if open_to_all:
        yield Check(False, f"权限：{'、'.join(open_to_all)} 任何人可写；请 chmod o-w", "permissions")
    else:
        yield Check(True, "权限：仓库、审计日志、信件存档、归档、配置没有对所有人开放写入", "permissions")
    if os.geteuid() == 0:
        yield Check(True, "用户：以 root 运行；正式使用请建专用用户（见 docs/operations.md）", "user")


def _disk(office: Office) -> Check:
    free = shutil.disk_usage(office.home.root).free
    last = backups(office.home)
    needed = max(_LEAST_FREE, 2 * last[-1].stat().st_size if last else 0)
    said = "" if free > needed else f"；至少应有 {needed >> 20} MB，请清理或扩容"
    return Check(free > needed, f"磁盘：剩余 {free >> 20} MB{said}", "disk")


def _secrets(office: Office) -> Iterator[Check]:
    named = office.config.settings.mail.password_file
    for path in [Path(named)] if named else []:
        if not path.is_file():
            said = "不是文件" if path.exists() else "不存在"
            yield Check(
                False, f"密码文件：{path} {said}；请检查 settings.yml 的 password_file", "secret.smtp"
            )
        elif path.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP):
            yield Check(False, f"密码文件：{path} 别人也能读；请 chmod 600", "secret.smtp")
        else:
            yield Check(True, f"密码文件：{path} 只有本用户能读", "secret.smtp")


def _warehouse(office: Office, as_of: datetime) -> Iterator[Check]:
    try:
        with office.store() as store:
            cycles = store.rows("list_cycles")
            mails = {r["state"]: r["mails"] for r in store.rows("count_mails_by_state")}
            last = store.rows("read_last_instant")[0]["last_instant"]
    except (StoreError, duckdb.Error, OSError) as error:  # OSError: no permission, or somebody holds the lock
        yield Check(False, f"仓库：{_why(error)}", "warehouse")
        return
    yield Check(True, f"仓库：可读写，已开启 {len(cycles)} 个报告期", "warehouse")
    if last is not None and (last - as_of).total_seconds() > _CLOCK_SLACK_S:
        yield Check(
            False,
            f"时钟：本机时间早于仓库里最后一笔（{last:%Y-%m-%d %H:%M}）；请校时（timedatectl）",
            "clock.back",
        )
    stuck = {s: n for s in ("failed", "unsure") if (n := mails.get(s))}
    if stuck:
        said = "，".join(f"{ {'failed': '失败', 'unsure': '不明'}[s] } {n} 封" for s, n in stuck.items())
        yield Check(
            False,
            f"邮件台账：{said}；请 jibao mail list --state failed，再用 retry 或 resolve 处理",
            "mail.stuck",
        )
    else:
        yield Check(True, f"邮件台账：待发 {mails.get('queued', 0)} 封，没有失败或不明的", "mail.stuck")


def _why(error: Exception) -> str:
    if isinstance(error, StoreError):
        return str(error).splitlines()[0]
    return troubles.line_for(error) or str(error).splitlines()[0]


def _audit(office: Office) -> Check:
    if office.lake is not None:
        return Check(True, "审计日志：多机仓库，由数据库保存历史", "audit")
    if not office.journal.is_begun:
        return Check(True, "审计日志：还没有记录", "audit")
    try:
        proof = prove(office, quick=True)
    except OSError as error:
        return Check(False, f"审计日志：{_why(error)}", "audit")
    if proof.problems:
        return Check(
            False,
            f"审计日志：{proof.problems[0]}（共 {len(proof.problems)} 处）；请运行 jibao audit verify",
            "audit",
        )
    return Check(True, f"审计日志：{proof.entries} 笔首尾相接，链首 {proof.head[:24]}…", "audit")


def _backups(office: Office, as_of: datetime) -> Check:
    found = backups(office.home)
    if not found:
        has_data = office.journal.is_begun
        return Check(
            not has_data, "备份：还没有备份" + ("；请运行 jibao backup" if has_data else ""), "backup"
        )
    age_h = (as_of.timestamp() - found[-1].stat().st_mtime) / 3600
    limit = office.config.settings.keep.backup_max_age_hours
    said = "" if age_h <= limit else f"，超过 {limit} 小时；请运行 jibao backup，并检查例行维护任务"
    return Check(
        age_h <= limit, f"备份：{len(found)} 份，最近 {found[-1].name}，{age_h:.0f} 小时前{said}", "backup"
    )


def _mail(office: Office) -> Check:
    mail = office.config.settings.mail
    if mail.mode == "sink":
        return Check(True, f"邮件：内置收信，邮件存入 {office.home.outbox}，不外发", "smtp")
    from flows.mailing.transport import read_password  # yagmail is not free to import

    if mail.ca_file and not Path(mail.ca_file).is_file():
        return Check(False, f"邮件：根证书 {mail.ca_file} 不存在；请检查 settings.yml 的 ca_file", "smtp")
    try:
        password = read_password(mail)
    except OSError as error:
        why = f"读不到密码文件 {mail.password_file}（{error.strerror}）"
        return Check(False, f"邮件：{why}；请检查 settings.yml 的 password_file", "smtp")
    if mail.user and not password:
        return Check(False, "邮件：没有密码；请设置 password_file 或环境变量 JIBAO_SMTP_PASSWORD", "smtp")
    try:
        with socket.create_connection((mail.host, mail.port), timeout=5):
            return Check(True, f"邮件：{mail.host}:{mail.port} 可连接", "smtp")
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Check(False, f"邮件：{mail.host}:{mail.port} 连不上（{why}）；请检查服务器与网络", "smtp")


def _prefect(office: Office) -> Check:
    server = office.config.settings.prefect
    has_password = bool(os.environ.get("PREFECT_SERVER_API_AUTH_STRING"))
    is_open = server.host not in ("127.0.0.1", "::1", "localhost") and not has_password
    if is_open:
        return Check(
            False, f"Prefect：监听 {server.host} 而没有口令；请设置 PREFECT_SERVER_API_AUTH_STRING", "prefect"
        )
    try:
        with socket.create_connection((server.host, server.port), timeout=2):
            return Check(True, f"Prefect:http://{server.host}:{server.port} 正在运行", "prefect")
    except OSError:
        return Check(True, "Prefect：没有运行；需要定时任务和界面时请运行 jibao up", "prefect")


def _clock(as_of: datetime) -> Check:
    machine = as_of.astimezone()
    zone = machine.tzname() or "?"
    said = "" if machine.utcoffset() == as_of.utcoffset() else f"（本机时区 {zone}，程序一律按北京时间）"
    return Check(True, f"时钟：北京时间 {as_of:%Y-%m-%d %H:%M}{said}", "clock")
