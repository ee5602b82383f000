"""Running the command line so that it can be killed and starved, and comparing what it leaves behind.

Belongs here: the fork server's client, an office ready for a cycle, the state of a home as comparable values.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).parents[2]
PERIOD, MOMENT = "2019-Q3", "2019-10-16T10:00"
CYCLE = ("cycle", "--period", PERIOD, "--as-of", MOMENT, "--send")

# What must differ between two runs: who ran when, how long it took, and the entry's times in the folder.
_PER_RUN = {"run_id", "entry", "seconds", "started_at", "ended_at"}
_PER_RUN_TABLES = {"run", "run_end", "journal", "mail_event", "check_run"}
_PER_RUN_IN = {
    "audit": {"sequence", "recorded_at", "previous_hash", "hash"},
    # Bytes of a change that never committed stay in the letter book; the hash must agree.
    "mail": {"letter_at"},
}


@dataclass(frozen=True)
class Outcome:
    status: int  # exit status; negative: killed by that signal
    said: str  # stdout and stderr
    points: Mapping[str, int]
    faults: tuple[int, ...] = ()  # calls counted, faults given


class Forge:
    """Use as a context manager. ``preload``: the shared object of failing.c, for ``arm``."""

    def __init__(self, preload: Path | None = None) -> None:
        self._preload = preload
        self._next = 0

    def __enter__(self) -> Forge:
        self._folder = tempfile.TemporaryDirectory(prefix="forge-")
        Path(self._folder.name).chmod(0o777)
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        env = {**os.environ, "PYTHONPATH": path, "GX_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
        if self._preload:
            env["LD_PRELOAD"] = str(self._preload)
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forge_server.py"))], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=env, cwd=self._folder.name,
        )  # fmt: skip
        assert self._server.stdout is not None and self._server.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(60)
        self._folder.cleanup()

    def start(
        self, home: Path, *args: str, count: bool = False, arm: Sequence[Any] = (), uid: int = 0, **env: str
    ) -> int:
        """Starts ``jibao args --home home`` and returns its number for :meth:`wait`."""
        self._next += 1
        out = f"{self._folder.name}/{self._next}"
        self._ask(
            id=self._next, args=[*args, "--home", str(home)], env=env, out=out, arm=list(arm), uid=uid,
            points=f"{out}.points" if count else "",
        )  # fmt: skip
        return self._next

    def wait(self, number: int, kill_after: float | None = None) -> Outcome:
        self._ask(wait=number, kill_after=kill_after)
        assert self._server.stdout is not None
        answer = json.loads(self._server.stdout.readline())
        out = Path(self._folder.name, str(number))
        said = out.read_text("utf-8", "replace") if out.exists() else ""
        points, faults = Path(f"{out}.points"), Path(f"{out}.faults")
        return Outcome(
            answer["status"],
            said,
            json.loads(points.read_text()) if points.exists() else {},
            tuple(map(int, faults.read_text().split())) if faults.exists() else (),
        )

    def run(self, home: Path, *args: str, kill_after: float | None = None, **how: Any) -> Outcome:
        return self.wait(self.start(home, *args, **how), kill_after)

    def _ask(self, **job: Any) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()


def copy_home(template: Path, home: Path) -> Path:
    """The same office again, file times included."""
    subprocess.run(["cp", "-a", str(template), str(home)], check=True)
    return home


def state(home: Path) -> dict[str, Any]:
    """Everything that must be equal after a crash and a rerun, as ``{what: value}``."""
    found: dict[str, Any] = dict(_tables(home))
    for folder in ("archive", "quarantine", "returned", "workbooks", "reports", "outbox", "inbox"):
        found[folder] = {p: h for p, h in _files(home / folder) if not p.endswith(".lock")}
    # Quality pages tell of runs; the Parquet files are the tables above once more.
    pages = {p: h for p, h in _files(home / "site") if not p.startswith(("quality/", "data/"))}
    found["site"] = pages
    found["site names"] = [p for p, _ in _files(home / "site")]
    _forget_entries(home, found)
    found["left over"] = [p for p, _ in _files(home) if p.endswith(".part") or p.startswith("landing/")]
    return found


def check_equal(wanted: dict[str, Any], home: Path, killed: int) -> None:
    """Nothing differs but a formal letter in flight at the kill or fault: it waits for a person, who is told."""
    got = state(home)
    states = dict(wanted=list(wanted.pop("mail states")), got=list(got.pop("mail states")))
    alerts = {row for row in states["got"] if row not in states["wanted"] and row[1] == "alert"}
    unsure = {row for row in states["got"] if row[2] == "unsure"}
    assert len(unsure) <= killed and {kind for _, kind, _ in unsure} <= {"summary"}, unsure
    expected = {row for row in states["wanted"] if (row[0], row[1], "unsure") not in unsure}
    assert set(states["got"]) - unsure - alerts == expected
    assert len(alerts) == len(unsure), alerts
    if unsure:
        got["mail"] = [row for row in got["mail"] if not any(a[0] in row for a in alerts)]
        new = got["outbox"].keys() - wanted["outbox"].keys()
        assert len(new) == len(alerts)
        # It may have left or not: that is what nobody knows.
        gone = wanted["outbox"].keys() - got["outbox"].keys()
        assert len(gone) <= len(unsure)
        got["outbox"] = {k: v for k, v in got["outbox"].items() if k not in new}
        wanted["outbox"] = {k: v for k, v in wanted["outbox"].items() if k not in gone}
    assert differences(wanted, got) == []


def _tables(home: Path) -> Iterator[tuple[str, Any]]:
    with duckdb.connect(str(home / "warehouse.snapshot.duckdb"), read_only=True) as con:
        con.execute("SET TimeZone = 'Asia/Shanghai'")
        names = con.execute(
            "SELECT table_name, list(column_name ORDER BY ordinal_position) FROM information_schema.columns "
            "JOIN information_schema.tables USING (table_schema, table_name) "
            "WHERE table_schema = 'main' AND table_type = 'BASE TABLE' GROUP BY ALL"
        ).fetchall()
        for table, columns in names:
            if table in _PER_RUN_TABLES:
                continue
            kept = [c for c in columns if c not in _PER_RUN | _PER_RUN_IN.get(table, set())]
            rows = con.execute(f"SELECT {', '.join(kept)} FROM main.{table}").fetchall()
            yield table, sorted(map(repr, rows))
        # A rerun judges again what it finds, which may be nothing.
        judged = "SELECT rule, sum(rows_failed), engine FROM main.check_run GROUP BY ALL"
        yield "rules", sorted(map(repr, con.execute(judged).fetchall()))
        yield "mail states", con.execute("SELECT mail_id, kind, state FROM mart.mail ORDER BY ALL").fetchall()


def _forget_entries(home: Path, found: dict[str, Any]) -> None:
    """Answers to copies are named after the entry, whose change time no copy of a folder keeps."""
    with duckdb.connect(str(home / "warehouse.snapshot.duckdb"), read_only=True) as con:
        odd = con.execute(
            "SELECT mail_id, message_id, recipient, subject FROM main.mail WHERE dedupe_key LIKE '%|duplicate|%'"
        ).fetchall()
    for mail_id, message_id, recipient, subject in odd:
        found["mail"] = sorted(
            f"{recipient} {subject}" if message_id in row else row for row in found["mail"]
        )
        found["mail states"] = [
            (f"{recipient} {subject}", *row[1:]) if row[0] == mail_id else row for row in found["mail states"]
        ]
        sent = [p for p in found["outbox"] if message_id.encode() in (home / "outbox" / p).read_bytes()]
        for path in sent:
            del found["outbox"][path]
            found["outbox"][f"{recipient} {subject}"] = ""
    found["mail states"].sort()


def _files(folder: Path) -> list[tuple[str, str]]:
    found = [p for p in sorted(folder.rglob("*")) if p.is_file() or p.is_symlink()]
    return [(str(p.relative_to(folder)), _digest(p)) for p in found]


def _digest(path: Path) -> str:
    """Of the bytes, workbooks and letters included: none of them tells when a run was made."""
    return str(path.readlink()) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()


def differences(wanted: Mapping[str, Any], got: Mapping[str, Any]) -> list[str]:
    """What differs, in a few words each."""
    lines = []
    for what in sorted({*wanted, *got}):
        a, b = wanted.get(what), got.get(what)
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            odd = sorted(k for k in {*a, *b} if a.get(k) != b.get(k))
        else:
            odd = sorted({*map(str, a or ())} ^ {*map(str, b or ())})
        lines.append(f"{what}: {len(odd)} differ, {[o[:200] for o in odd[:3]]}")
    return lines


@contextmanager
def repointed(sink: Any, outbox: Path) -> Iterator[Any]:
    """The one sink of a test receives for this home now."""
    sink.outbox = outbox
    outbox.mkdir(parents=True, exist_ok=True)
    sink.copies.clear()
    yield sink
