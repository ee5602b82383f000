"""The journal: every committed change once more, outside the database, as hash-chained lines of JSON in HOME/audit.

Belongs here: the files, their chain, the head beside them. Does not: what a change means, how the warehouse takes
part (warehouse.journaling), making a warehouse from it (warehouse.rebuilding).

One line an entry: ``{"hash":"...","entry":{...}}``; the hash is SHA-256 of the entry's own text, which names the hash
of the line before. ``head.json`` says up to where the warehouse has confirmed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from operator import itemgetter
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import orjson

from warehouse.durable import appending, write_whole

START = "0" * 64  # what the first entry names as its predecessor
_OPEN, _MIDDLE, _CLOSE = '{"hash":"', '","entry":', "}\n"
_TEXT_FROM = len(_OPEN) + 64 + len(_MIDDLE)
_IN_MEMORY = 1 << 20  # bytes of an entry; a quarter's letters are a hundred times that


class JournalBroken(ValueError):
    """A line that is not what its hash says, or does not follow the one before; file and line are named."""


@dataclass(frozen=True)
class Head:
    sequence: int
    hash: str


@dataclass(frozen=True)
class Entry:
    """``content`` by kind: changes and baseline hold ``tables`` and ``statements``, void names ``voids``."""

    sequence: int
    hash: str
    previous: str
    kind: str
    recorded_at: str
    content: Mapping[str, Any]

    @property
    def head(self) -> Head:
        return Head(self.sequence, self.hash)


@dataclass(frozen=True)
class Rows:
    """What was added to one table: ``portions`` of rows, each in the order of ``columns``."""

    table: str
    columns: Sequence[str]
    floats: Sequence[int]  # places of the columns that hold floating-point numbers
    portions: Iterable[Sequence[Sequence[Any]]]


class Journal:
    """The files of one home. Appending needs the warehouse's lock; reading does not.

    :param now: the present instant, for the entry's time and the month its file is named after
    :param actor: who is at work, for audit rows that name nobody else
    """

    def __init__(self, folder: Path, now: Callable[[], datetime], actor: str = "") -> None:
        self.folder = folder
        self.now = now
        self.actor = actor

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("journal-*.jsonl"))

    @property
    def is_begun(self) -> bool:
        return any(f.stat().st_size for f in self.files())

    def append(
        self, kind: str, content: Mapping[str, Any], after: Head | None, recorded_at: datetime,
        tables: Iterable[Rows] | None = None,
    ) -> Head:  # fmt: skip
        """Adds one entry and syncs it to disk; half a line never stays.

        :param tables: the entry's ``tables``; of their rows one portion is in memory at a time
        :raises OSError: disk full, read-only, no permission; the files are as they were
        """
        sequence = after.sequence + 1 if after else 1
        body = {
            "sequence": sequence,
            "previous": after.hash if after else START,
            "kind": kind,
            "recorded_at": recorded_at.isoformat(),
            **content,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        # The line begins with the hash of all that follows, so the text waits until it is complete.
        with SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(self.folder)) as text:
            for part in _text(body, tables):
                digest.update(part)
                text.write(part)
            text.seek(0)
            self._write(digest.hexdigest(), text)
        return Head(sequence, digest.hexdigest())

    def _write(self, digest: str, text: IO[bytes]) -> None:
        with appending(self._file()) as file:
            file.write(f"{_OPEN}{digest}{_MIDDLE}".encode())
            shutil.copyfileobj(text, file, _IN_MEMORY)
            file.write(_CLOSE.encode())

    def confirm(self, head: Head) -> None:
        """Notes that the warehouse holds everything up to ``head``."""
        path = self.files()[-1]
        known = {
            "sequence": head.sequence,
            "hash": head.hash,
            "file": path.name,
            "size": path.stat().st_size,
        }
        write_whole(self.folder / "head.json", json.dumps(known), point="journal-head")

    def confirmed(self) -> Head | None:
        """The entry that the warehouse last confirmed."""
        known = self._head()
        return Head(known["sequence"], known["hash"]) if known else None

    @property
    def is_settled(self) -> bool:
        """Whether the files end where the warehouse confirmed: no crash, no hand in between."""
        files, known = self.files(), self._head()
        if not files or not known:
            return not files and not known
        return bool(files[-1].name == known["file"] and files[-1].stat().st_size == known["size"])

    def tail(self) -> Head | None:
        """The last entry. Usually read from the head file; after a crash from the last journal file.

        :raises JournalBroken: the last file does not hold together
        """
        if self.is_settled:
            return self.confirmed()
        files, last = self.files(), None
        for entry in self.since(0, files[-1:]):
            last = entry.head
        if last is None and len(files) > 1:
            for entry in self.since(0, files[-2:-1]):
                last = entry.head
        return last

    def since(self, sequence: int, files: list[Path] | None = None) -> Iterator[Entry]:
        """Entries after ``sequence``, oldest first, each proved against its hash and its predecessor.

        :param files: only these, in order; a first entry then need not be the journal's first
        :raises JournalBroken: a line was altered, removed, added or put elsewhere
        """
        before: Entry | None = None
        chosen = self.files() if files is None else files
        for path in chosen:
            with path.open("rb") as file:
                for number, raw in enumerate(file, 1):
                    if not raw.endswith(b"\n"):
                        break  # half a line of a crash: it was never confirmed
                    entry = _parse(raw, f"{path.name}:{number}")
                    _follows(before, entry, f"{path.name}:{number}", is_first=files is None)
                    before = entry
                    if entry.sequence > sequence:
                        yield entry

    def drop_half_line(self) -> bool:
        """Cuts off what a crash left of an entry that was never complete; whether there was any."""
        for path in self.files()[-1:]:
            with path.open("rb+") as file:
                data = file.read()
                whole = data.rfind(b"\n") + 1
                if whole < len(data):
                    file.truncate(whole)
                    return True
        return False

    def _file(self) -> Path:
        files = self.files()
        month = self.folder / f"journal-{self.now():%Y-%m}.jsonl"
        # A clock that was set back must not put a later entry into an earlier file.
        return max([month, *files[-1:]], key=lambda p: p.name)

    def _head(self) -> dict[str, Any] | None:
        try:
            known = json.loads((self.folder / "head.json").read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return known if isinstance(known, dict) and "hash" in known else None


def _text(body: Mapping[str, Any], tables: Iterable[Rows] | None) -> Iterator[bytes]:
    """The entry as JSON, piece by piece."""
    if tables is None:
        yield _json(body)
        return
    yield _json(body)[:-1] + b',"tables":['
    for number, table in enumerate(tables):
        head = _json({"table": table.table, "columns": table.columns})
        yield b"," * bool(number) + head[:-1] + b',"rows":['
        for place, rows in enumerate(filter(None, table.portions)):
            yield b"," * bool(place)
            yield _rows_json(rows, table.floats)[1:-1]
        yield b"]}"
    yield b"]}"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _rows_json(rows: Sequence[Sequence[Any]], floats: Sequence[int]) -> bytes:
    # orjson, ten times as fast, writes null for NaN and the infinite; their sum shows whether there is one.
    if all(isfinite(sum(filter(None, map(itemgetter(place), rows)))) for place in floats):
        return orjson.dumps(rows)
    return _json(rows)


def _parse(raw: bytes, place: str) -> Entry:
    try:
        line = raw.decode()
        digest, text = line[len(_OPEN) : len(_OPEN) + 64], line[_TEXT_FROM : -len(_CLOSE)]
        body = json.loads(text)
        framed = line == f"{_OPEN}{digest}{_MIDDLE}{text}{_CLOSE}"
    except ValueError as error:
        raise JournalBroken(f"{place}：不是完整的一条") from error
    if not framed or hashlib.sha256(text.encode()).hexdigest() != digest:
        raise JournalBroken(f"{place}：内容与校验值不符，被改动过")
    known = {k: body.pop(k) for k in ("sequence", "previous", "kind", "recorded_at")}
    return Entry(hash=digest, content=body, **known)


def _follows(before: Entry | None, entry: Entry, place: str, *, is_first: bool) -> None:
    if entry.kind == "baseline" and (before is None or entry.sequence > before.sequence):
        return  # holds everything itself; what is missing before it is for the proof to tell
    if before is None:
        if is_first and (entry.sequence != 1 or entry.previous != START):
            raise JournalBroken(f"{place}：第一条是 {entry.sequence} 号，此前的记录缺失")
        return
    if entry.sequence != before.sequence + 1 or entry.previous != before.hash:
        raise JournalBroken(
            f"{place}:{before.sequence} 号之后是 {entry.sequence} 号，中间有记录被删除、插入或换了次序"
        )
