"""Scoring of a loose table (``jibao attain FILE.csv``) by the formulas of the assessment.

Belongs here: reading and refusing the table, handing it to SQL. Does not: the formulas
(``sql/query/score_linear.sql``, ``score_cagr.sql``), the warehouse file.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb

from warehouse.store import query

Method = Literal["linear", "cagr"]
NUMBERS = ("baseline", "base_year", "current", "current_year", "target", "target_year", "limit")
REQUIRED = ("id", "baseline", "base_year", "current", "current_year", "target", "target_year", "direction")
RESULT = ("progress", "status", "score", "note")
# The names Open SDG publishes its components under.
ALIASES = {"base_value": "baseline", "current_value": "current", "limit_value": "limit"}

_DIRECTION = dict.fromkeys(("up", "positive", "正向", "上升"), 1.0)
_DIRECTION |= dict.fromkeys(("down", "negative", "负向", "逆向", "下降"), -1.0)
_NOTHING = frozenset(("", "null", "none", "na", "n/a"))
_NUMBER = re.compile(r"[+-]?(\d+(,\d{3})*(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_QUOTED = 40  # characters of a cell that a message repeats
_LIGHTS = {"yellow_gap_pp": 0.0, "red_gap_pp": 30.0}


class TableError(ValueError):
    """The table cannot be scored; the message says in Chinese in which line and column, and why."""


def score_file(path: Path, method: str) -> str:
    """Scores the CSV table at ``path``: its own columns, then progress, status, score, note, as CSV text.

    A table that was scored before has those four already: their values are replaced where they stand, so that the
    output can be scored again after a figure was corrected. One that has only some of the names means its own by them.

    :raises TableError: unreadable text, a missing column, or the first unusable cell
    """
    header, lines = _read(path)
    names = _meanings(header)
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise TableError(f"第1行缺少列：{'、'.join(missing)}；需要的列是 {'、'.join((*REQUIRED, 'limit'))}")
    rows = [_row(line, cells, names) for line, cells in lines]
    results = score_table(rows, method)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = _columns(header)
    added = [column for column in columns.values() if column not in header]
    writer.writerow([*header, *added])
    for (_, cells), result in zip(lines, results, strict=True):
        told = {column: _told(result[name]) for name, column in columns.items()}
        writer.writerow(
            [told.get(h, cell) for h, cell in zip(header, cells, strict=True)] + [told[c] for c in added]
        )
    return out.getvalue()


def score_table(rows: Sequence[Mapping[str, Any]], method: str) -> list[dict[str, Any]]:
    """Results in the order of ``rows``: progress, status, score, note.

    ``linear``: progress in per cent of the way from baseline to target (docs/method.md, Attainment),
    status met/green/yellow/red/none, score the progress held within 0..100. ``cagr``: the ratio of
    growth rates, status and score -5..5 of Open SDG's ``ProgressMeasure``. Undefined is None with a note.

    :param rows: id, baseline, base_year, current, current_year, target, target_year (numbers or None),
        direction (1 up is good, -1 down is good), limit (optional)
    """
    if method not in ("linear", "cagr"):
        raise TableError(f"没有 {method} 这种方法；可用 linear 或 cagr")
    params: dict[str, Any] = {name: [row.get(name) for row in rows] for name in (*NUMBERS, "direction")}
    params["ids"] = [str(row.get("id") or "") for row in rows]
    if method == "linear":
        del params["limit"]
        params |= _LIGHTS
    with duckdb.connect() as con:
        result = con.execute(query("score_cagr" if method == "cagr" else "score_linear"), params)
        names = [c[0] for c in result.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return [{name: row[name] for name in RESULT} for row in found]


def _told(result: Any) -> Any:
    """A result as the table says it; of numbers 14 digits, since those behind are the noise of doubles (56.99999999999999)."""
    if isinstance(result, float):
        return float(f"{result:.14g}") + 0.0  # -0.0 + 0.0 is 0.0
    return "" if result is None else result


def _read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and (line number, cells) of every line that is not blank."""
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise TableError("文件不是 UTF-8 或 GB18030 编码的文本")
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error as error:
        raise TableError(f"第{reader.line_num}行不是正确的 CSV:{error}") from error
    if not lines:
        raise TableError("文件是空的")
    header = [name.strip() for name in lines[0][1]]
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise TableError(f"第1行的列重复：{'、'.join(map(_shown, doubled))}")
    for line, cells in lines[1:]:
        if len(cells) != len(header):
            raise TableError(f"第{line}行有 {len(cells)} 格，表头有 {len(header)} 格")
    return header, lines[1:]


def _meanings(header: Sequence[str]) -> list[str]:
    """Each column's name as this module knows it; a column of its own meaning keeps its own name.

    :raises TableError: when two columns claim one meaning
    """
    folded = [unicodedata.normalize("NFKC", name).strip().lower() for name in header]
    names = [ALIASES.get(name, name) for name in folded]
    for name in (*REQUIRED, "limit"):
        claims = [header[n] for n, meaning in enumerate(names) if meaning == name]
        if len(claims) > 1:
            raise TableError(f"第1行的列含义重复：{'、'.join(map(_shown, claims))}")
    return names


def _columns(header: Sequence[str]) -> dict[str, str]:
    """Where each result goes: by its name, beside a column that the table means otherwise as ``attain_`` and its name."""
    scored_before = all(name in header for name in RESULT)
    theirs = {n for n in RESULT if f"attain_{n}" in header or (n in header and not scored_before)}
    return {name: f"attain_{name}" if name in theirs else name for name in RESULT}


def _row(line: int, cells: Iterable[str], names: Sequence[str]) -> dict[str, Any]:
    named = dict(zip(names, cells, strict=True))
    row: dict[str, Any] = {n: _number(line, n, named[n]) for n in NUMBERS if n in named}
    row["id"] = named["id"].strip()
    row["direction"] = _direction(line, named["direction"])
    return row


def _direction(line: int, text: str) -> float:
    plain = _plain(text).lower()
    number = float(plain) if _NUMBER.fullmatch(plain) and "," not in plain else None
    found = number if number in (1.0, -1.0) else _DIRECTION.get(plain)
    if found is None:
        raise TableError(f"第{line}行 direction 列：“{_shown(text)}” 应为 1（越大越好）或 -1（越小越好）")
    return found


def _shown(text: str) -> str:
    """A cell as a message quotes it: a cell may hold lines, terminal codes or a whole book, a message is one line."""
    line = "".join(c if c.isprintable() else " " for c in text).strip()
    return line if len(line) <= _QUOTED else f"{line[: _QUOTED - 1]}…"


def _plain(text: str) -> str:
    """Full-width digits and the typographic minus become what a number is written with."""
    return unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()


def _number(line: int, column: str, text: str) -> float | None:
    plain = _plain(text)
    if plain.lower() in _NOTHING:
        return None
    if not _NUMBER.fullmatch(plain) or not math.isfinite(number := float(plain.replace(",", ""))):
        raise TableError(f"第{line}行 {column} 列：“{_shown(text)}” 不是数字")
    return number
