"""Entries of the journal: the same text however many rows are read at once, and back to the last digit."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from warehouse import journal as journal_files
from warehouse import journaling, ledger, rebuilding
from warehouse.journal import Journal, Rows
from warehouse.store import Store

NOW = datetime(2019, 10, 18, 9, tzinfo=UTC)
FIGURES = [0.1 + 0.2, 1e-7, 1e300, -0.0, 1 / 3, 12345678.9, 5e-324, None, 2.0]


def _lines(journal: Journal) -> list[dict[str, Any]]:
    return [json.loads(line) for file in journal.files() for line in file.read_bytes().splitlines()]


def _mail(n: int, eml: bytes = b"") -> ledger.OutgoingMail:
    key = f"2019-Q3|{n}@x.example|reminder|due"
    return ledger.OutgoingMail(
        key, "reminder", f"{n}@x.example", None, None, f"催报 {n}", f"<{n}@x>", eml or b"To: %d\r\n" % n, "resend", NOW
    )  # fmt: skip


def _filled(folder: Path) -> Journal:
    """Letters, one of bytes that are no text, and figures of every kind, in a warehouse with its journal."""
    journal = Journal(folder / "audit", lambda: NOW)
    with Store(folder / "w.duckdb", journal=journal) as store:
        with store.transaction():
            ledger.enqueue(store, (_mail(n) for n in range(7)))
            ledger.enqueue(store, [_mail(7, b"\xff\x00\xfe")])
        with store.transaction():
            columns = (
                "rule",
                "rows_checked",
                "rows_failed",
                "seconds",
                "state",
                "engine",
                "run_id",
                "recorded_at",
            )
            rows = [("规则\u2028“”\\", n, 0, value, "checked", "e", "r", NOW + timedelta(microseconds=n))
                    for n, value in enumerate(f for f in FIGURES if f is not None)]  # fmt: skip
            store.append("check_run", columns, rows)
    return journal


def test_small_portions_make_the_same_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _filled(tmp_path / "whole")
    for name in ("_ROWS_AT_ONCE", "_LETTERS_AT_ONCE"):
        monkeypatch.setattr(journaling, name, 2)
    monkeypatch.setattr(ledger, "_AT_ONCE", 3)
    monkeypatch.setattr(journal_files, "_IN_MEMORY", 64)
    portioned = _filled(tmp_path / "portioned")
    assert _lines(whole) == _lines(portioned) and len(_lines(whole)) == 2
    assert [len(t["rows"]) for t in _lines(whole)[0]["entry"]["tables"]] == [8, 8]
    assert not [p for p in portioned.folder.iterdir() if "journal-" not in p.name and p.name != "head.json"]


def test_a_rebuilt_warehouse_has_every_figure_to_the_last_digit(tmp_path: Path) -> None:
    journal = _filled(tmp_path)
    rebuilding.replay(journal, tmp_path / "again.duckdb")
    with Store(tmp_path / "w.duckdb") as store:
        assert rebuilding.differing_tables(store.con, tmp_path / "again.duckdb") == {}
        assert ledger.show(store, _mail(7).mail_id).mail["eml"] == b"\xff\x00\xfe"


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_in_json_is_not_lost(tmp_path: Path, odd: float) -> None:
    journal = Journal(tmp_path, lambda: NOW)
    rows = [("甲", value) for value in (*FIGURES, odd)]
    journal.append(
        "changes",
        {"statements": []},
        None,
        NOW,
        [Rows("t", ["name", "value"], [1], [rows[:4], [], rows[4:]])],
    )
    [entry] = journal.since(0)
    [table] = entry.content["tables"]
    assert repr(table) == repr({"table": "t", "columns": ["name", "value"], "rows": [list(r) for r in rows]})


def test_the_text_is_what_the_standard_library_writes(tmp_path: Path) -> None:
    """Entries written before and since read alike: one line, no spaces, UTF-8 as it is."""
    journal = Journal(tmp_path, lambda: NOW)
    rows = [('甲\u2028\\"\x7f', 1, True, None, {"ascii": "To: x\r\n"}, 2.5)]
    head = journal.append("changes", {"statements": []}, None, NOW, [Rows("t", list("abcdef"), [5], [rows])])
    [line] = journal.files()[0].read_text("utf-8").split("\n")[:-1]
    body = {
        "sequence": 1, "previous": journal_files.START, "kind": "changes", "recorded_at": NOW.isoformat(), "statements": [],
        "tables": [{"table": "t", "columns": list("abcdef"), "rows": rows}],
    }  # fmt: skip
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    assert line == f'{{"hash":"{head.hash}","entry":{text}}}'
    assert [e.head for e in journal.since(0)] == [head]
