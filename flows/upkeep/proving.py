"""Proving the audit log: rows, journal files, warehouse and every head noted elsewhere must tell the same story.

Belongs here: which witnesses are heard, and what their disagreement means. Does not: hashes (warehouse.journal,
warehouse.audit).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock

from flows.office import Office
from warehouse import audit, ledger, rebuilding
from warehouse.journal import Entry, JournalBroken
from warehouse.letterbook import LetterBook
from warehouse.places import LOCK_TIMEOUT_S, StoreError
from warehouse.store import Reader


@dataclass
class Proof:
    """``problems``: somebody altered, removed or reordered something, or it was lost. ``notices``: worth knowing."""

    entries: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    head: str = ""  # sequence and hash, to be noted outside this machine


def prove(office: Office, *, quick: bool = False, head: str = "") -> Proof:
    """Hears every witness; changes nothing.

    :param quick: the chains only; otherwise a warehouse is made from the journal and compared row by row
    :param head: ``sequence:hash`` noted earlier on paper or another machine
    """
    proof = Proof()
    entries: dict[int, Entry] = {}
    with FileLock(f"{office.home.warehouse}.lock", timeout=LOCK_TIMEOUT_S):
        _journal(office, proof, entries)
        if not office.home.warehouse.exists():
            proof.problems.append("仓库文件不见了；请运行 jibao rebuild")
            return proof
        try:
            with Reader(office.home.warehouse) as reader:
                _warehouse(reader, proof, entries)
                if not quick:
                    proof.problems += told_lost(ledger.unreadable(reader, LetterBook(office.home.letters)))
                if not quick and not proof.problems:
                    _row_by_row(office, reader.con, proof)
        except (StoreError, duckdb.Error) as error:
            said = str(error).splitlines()[0]
            proof.problems.append(f"仓库打不开：{said}；请运行 jibao rebuild")
    for what, witness in _witnesses(office, head):
        known = entries.get(int(witness["sequence"]))
        if known is None or known.hash != witness["hash"]:
            proof.problems.append(
                f"{what}记下的第 {witness['sequence']} 笔在日志里没有：日志末尾被截断或被替换"
            )
    return proof


def _journal(office: Office, proof: Proof, entries: dict[int, Entry]) -> None:
    try:
        for entry in office.journal.since(0):
            entries[entry.sequence] = Entry(
                entry.sequence, entry.hash, entry.previous, entry.kind, entry.recorded_at, _audit_rows(entry)
            )
            if entry.kind == "void":
                proof.notices.append(
                    f"第 {entry.content['voids']} 笔作废（{entry.recorded_at}）：{entry.content['reason']}"
                )
            elif entry.kind == "baseline":
                proof.notices.append(f"第 {entry.sequence} 笔是全库基线：{entry.content['reason']}")
    except JournalBroken as error:
        proof.problems.append(f"日志 {error}")
    except OSError as error:
        proof.problems.append(f"日志读不出：{error.strerror}")
    proof.entries = len(entries)
    if entries:
        last = entries[max(entries)]
        proof.head = f"{last.sequence}:{last.hash}"


def _audit_rows(entry: Entry) -> Mapping[str, Any]:
    """Of an entry only the hashes of its audit rows are kept in memory."""
    hashes = [
        row[table["columns"].index("hash")]
        for table in entry.content.get("tables", ())
        if table["table"] == "audit"
        for row in table["rows"]
    ]
    return {"audit": hashes, "voids": entry.content.get("voids")}


def _warehouse(reader: Reader, proof: Proof, entries: Mapping[int, Entry]) -> None:
    rows = reader.rows("list_audit_chain")
    proof.rows = len(rows)
    proof.problems += audit.broken(rows)
    held = {r["sequence"]: r for r in reader.rows("list_journal")}
    last = max(held, default=0)
    numbers = sorted(set(held) | set(entries))
    lost = [n for n in numbers if n not in entries]
    proof.problems += [f"日志缺少第 {_span(r)} 笔：被删除或文件缺失" for r in _runs(lost)]
    beyond = [n for n in numbers if n not in held and n > last]
    proof.problems += [
        f"日志第 {_span(r)} 笔不在仓库里：仓库末尾被截断，或最后一次写入中断" for r in _runs(beyond)
    ]
    for number in numbers:
        mine, theirs = held.get(number), entries.get(number)
        if mine is None and number < last:
            proof.problems.append(f"仓库缺少第 {number} 笔的登记")
        elif mine is not None and theirs is not None and mine["hash"] != theirs.hash:
            proof.problems.append(f"第 {number} 笔在日志与仓库里不同：其中一处被替换过")
    voided = {e.content["voids"] for e in entries.values() if e.kind == "void"}
    told: list[str] = []
    for number in sorted(entries):
        entry = entries[number]
        if entry.kind == "baseline":
            told = []
        if number not in voided:
            told += entry.content["audit"]
    if told != [r["hash"] for r in rows] and not proof.problems:
        proof.problems.append(f"审计记录在仓库里有 {len(rows)} 条，按日志应有 {len(told)} 条，或内容不同")


def told_lost(letters: Mapping[str, str]) -> list[str]:
    """One line a reason, for a file that is gone takes a month's letters with it.

    :param letters: why each is lost, by mail
    """
    mails: dict[str, list[str]] = {}
    for mail_id, why in letters.items():
        mails.setdefault(why, []).append(mail_id)
    return [
        f"{why}：{len(ids)} 封邮件（{'、'.join(ids[:3])}{'…' if len(ids) > 3 else ''}）；请从备份的 letters/ 目录取回"
        for why, ids in mails.items()
    ]


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Neighbouring numbers as (first, last)."""
    runs: list[tuple[int, int]] = []
    for n in numbers:
        if runs and runs[-1][1] == n - 1:
            runs[-1] = (runs[-1][0], n)
        else:
            runs.append((n, n))
    return runs


def _span(run: tuple[int, int]) -> str:
    return f"{run[0]}" if run[0] == run[1] else f"{run[0]}—{run[1]}"


def _row_by_row(office: Office, con: duckdb.DuckDBPyConnection, proof: Proof) -> None:
    folder = office.home.root / ".proving"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        made = folder / "warehouse.duckdb"
        rebuilding.replay(office.journal, made)
        for table, (more, fewer) in rebuilding.differing_tables(con, made).items():
            proof.problems.append(
                f"表 {table}：仓库比日志多 {more} 行、少 {fewer} 行，有人绕过程序改过仓库；"
                "核实后可用 jibao rebuild 恢复原状"
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _witnesses(office: Office, head: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Heads that were noted outside the journal and the warehouse."""
    places: list[tuple[str, Path]] = [("head.json ", office.home.audit / "head.json")]
    places += [(f"备份 {p.name} ", p) for p in sorted(office.home.backups.glob("jibao-*.head.json"))]
    for what, path in places:
        try:
            yield what, json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
    if head:
        sequence, _, digest = head.partition(":")
        yield "手工核对的 ", {"sequence": sequence if sequence.isdigit() else 0, "hash": digest}
