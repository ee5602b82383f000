"""Whoever alters, removes, reorders or cuts off an audit row is found, wherever it was done."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from config.calendar import SHANGHAI
from flows import sample, steps, upkeep
from flows.cli import group
from flows.office import Office, open_office
from flows.steps import deciding
from flows.steps.opening import workbook_specs
from warehouse.store import StoreError

PERIOD = "2019-Q3"
OPENED = datetime(2019, 10, 8, 9, tzinfo=SHANGHAI)
COLLECTED = datetime(2019, 10, 16, 10, tzinfo=SHANGHAI)
AFTER = datetime(2019, 10, 28, 10, tzinfo=SHANGHAI)
ROUNDS = 40


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    office = open_office(tmp_path_factory.mktemp("audited") / "home", trigger="命令行")
    steps.open_cycle(office, PERIOD, OPENED)
    specs = workbook_specs(office, PERIOD, COLLECTED, {}, COLLECTED)
    for unit in ("SWJ", "NYJ"):
        for name in (f"{unit}.xlsx", "同一份.xlsx"):
            path = office.home.inbox / unit / name
            path.write_bytes(sample.workbook(specs[unit], sample.figures(office.config, unit, PERIOD)))
            os.utime(path, (time.time() - 60,) * 2)
    steps.collect(office, COLLECTED, send=False)
    until = datetime(2019, 10, 30, 18, tzinfo=SHANGHAI)
    with office.store() as store:
        owing = next(r["unit"] for r in store.rows("list_owed", {"period": PERIOD, "units": []}))
    deciding.extend(office, PERIOD, owing, until, "李统筹", "系统故障", COLLECTED)
    deciding.close(office, PERIOD, "王统筹", "本季结束", datetime(2019, 10, 31, 9, tzinfo=SHANGHAI))
    deciding.reopen(office, PERIOD, "王统筹", "更正一个数", datetime(2019, 10, 31, 10, tzinfo=SHANGHAI))
    upkeep.backup(office, AFTER)
    return office.home.root


@pytest.fixture
def office(played: Path, tmp_path: Path) -> Office:
    shutil.copytree(played, tmp_path / "home")
    return open_office(tmp_path / "home", trigger="test")


@contextmanager
def by_hand(office: Office) -> Iterator[duckdb.DuckDBPyConnection]:
    """Somebody with the file in his hands, past the program."""
    with duckdb.connect(str(office.home.warehouse)) as con:
        yield con


def rows(office: Office) -> list[dict[str, object]]:
    with office.reader() as reader:
        return reader.rows("list_audit", {"period": None, "limit": 10_000})


def test_every_change_has_its_row_with_who_and_before_and_after(office: Office) -> None:
    told = rows(office)
    by_action = {r["action"]: r for r in told}
    assert list(by_action) and {
        "configure",
        "open",
        "receive",
        "copy",
        "extend",
        "close",
        "reopen",
        "backup",
    } <= set(by_action)
    received = [r for r in told if r["action"] == "receive"]
    assert {(r["actor"], r["actor_kind"]) for r in received} == {("inbox/SWJ", "unit"), ("inbox/NYJ", "unit")}
    assert len(received) == 2 and len([r for r in told if r["action"] == "copy"]) == 2
    after = json.loads(str(received[0]["after"]))
    assert after["status"].startswith("accepted") and len(after["sha256"]) == 64
    reopened = by_action["reopen"]
    assert (reopened["actor"], reopened["actor_kind"], reopened["reason"]) == (
        "王统筹",
        "person",
        "更正一个数",
    )
    assert json.loads(str(reopened["before"]))["is_closed"] is True
    assert str(by_action["open"]["actor"]).startswith("命令行（")
    assert all(r["recorded_at"] > r["as_of"] for r in told), "the clock's time, whatever moment is replayed"


def test_show_and_verify_at_the_command_line(office: Office) -> None:
    runner, home = CliRunner(), ["--home", str(office.home.root)]
    shown = runner.invoke(group, ["audit", "show", "--period", PERIOD, *home])
    assert shown.exit_code == 0 and "王统筹" in shown.output and "更正一个数" in shown.output
    listed = runner.invoke(group, ["audit", "show", "--json", "--limit", "3", *home])
    assert len(json.loads(listed.output)) == 3
    good = runner.invoke(group, ["audit", "verify", *home])
    assert good.exit_code == 0 and "异常 0 处" in good.output
    head = good.output.partition("链首 ")[2].partition("（")[0]
    assert runner.invoke(group, ["audit", "verify", "--quick", "--head", head, *home]).exit_code == 0
    for slip in ("nonsense", head[:24], head.replace(":", "")):
        miscopied = runner.invoke(group, ["audit", "verify", "--quick", "--head", slip, *home])
        assert miscopied.exit_code == 2 and "照抄" in miscopied.output, slip
    with by_hand(office) as con:
        con.execute("UPDATE audit SET actor = '别人' WHERE action = 'reopen'")
    bad = runner.invoke(group, ["audit", "verify", *home])
    assert bad.exit_code == 1 and "内容与校验值不符" in bad.output


COLUMNS = (
    "recorded_at", "as_of", "actor", "actor_kind", "action", "subject", "period", "unit", "reason", "before", "after",
    "run_id", "previous_hash", "hash", "sequence",
)  # fmt: skip


def alter(con: duckdb.DuckDBPyConnection, rng: random.Random, last: int) -> str:
    column, number = rng.choice(COLUMNS), rng.randint(1, last)
    value = {
        "sequence": "sequence + 1000",
        "recorded_at": "recorded_at + INTERVAL 1 SECOND",
        "as_of": "as_of - INTERVAL 1 DAY",
    }
    con.execute(f"UPDATE audit SET {column} = {value.get(column, repr('改'))} WHERE sequence = {number}")
    return f"{column} of {number}"


def remove(con: duckdb.DuckDBPyConnection, rng: random.Random, last: int) -> str:
    number = rng.randint(1, last)
    con.execute(f"DELETE FROM audit WHERE sequence = {number}")
    return f"removed {number}"


def swap(con: duckdb.DuckDBPyConnection, rng: random.Random, last: int) -> str:
    one, two = rng.sample(range(1, last + 1), 2)
    con.execute(
        f"UPDATE audit SET sequence = CASE sequence WHEN {one} THEN {two} ELSE {one} END WHERE sequence IN ({one}, {two})"
    )
    return f"swapped {one} {two}"


def cut(con: duckdb.DuckDBPyConnection, rng: random.Random, last: int) -> str:
    number = rng.randint(1, last)
    con.execute(f"DELETE FROM audit WHERE sequence >= {number}")
    if rng.random() < 0.5:  # thorough: the register of entries too
        con.execute(
            f"DELETE FROM journal WHERE sequence > (SELECT max(sequence) FROM journal) - {rng.randint(1, 5)}"
        )
    return f"cut from {number}"


def insert(con: duckdb.DuckDBPyConnection, rng: random.Random, last: int) -> str:
    number = rng.randint(1, last)
    con.execute(
        f"INSERT INTO audit SELECT * REPLACE ({last + 1} AS sequence) FROM audit WHERE sequence = {number}"
    )
    return f"copied {number} to the end"


@pytest.mark.parametrize("tamper", [alter, remove, swap, cut, insert])
def test_rows_touched_in_the_warehouse_are_found(
    office: Office, tamper: Callable[[duckdb.DuckDBPyConnection, random.Random, int], str],
    rounds: Callable[[int, int], int], tmp_path: Path,
) -> None:  # fmt: skip
    original, last = office.home.warehouse.read_bytes(), len(rows(office))
    for seed in range(rounds(8, ROUNDS)):
        office.home.warehouse.write_bytes(original)
        with by_hand(office) as con:
            done = tamper(con, random.Random(seed), last)
        assert upkeep.prove(office, quick=True).problems, f"seed {seed}: {done} was not found"


def test_a_rehashed_row_is_found_by_the_journal(office: Office) -> None:
    """Somebody who knows the formula mends the chain behind the altered row."""
    from warehouse import audit

    with by_hand(office) as con:
        con.execute("SET TimeZone = 'Asia/Shanghai'")
        con.execute("UPDATE audit SET actor = '别人' WHERE action = 'close'")
        result = con.execute("FROM audit ORDER BY sequence")
        names = [c[0] for c in result.description or ()]
        previous = "0" * 64
        for row in [dict(zip(names, r, strict=True)) for r in result.fetchall()]:
            row["previous_hash"] = previous
            digest = audit.digest(row)
            con.execute(
                "UPDATE audit SET previous_hash = ?, hash = ? WHERE sequence = ?",
                [previous, digest, row["sequence"]],
            )
            previous = digest
    found = upkeep.prove(office, quick=True).problems
    assert found and "按日志" in found[0]


def test_a_fact_changed_past_the_program_is_found(office: Office) -> None:
    with by_hand(office) as con:
        con.execute("UPDATE observation SET value = value + 1 WHERE revision = 1 AND value IS NOT NULL")
    assert upkeep.prove(office, quick=True).problems == []  # the chains are whole
    [problem] = upkeep.prove(office).problems
    assert "表 observation" in problem
    upkeep.rebuild(office, AFTER)
    assert upkeep.prove(office).problems == []


def touched_journal(path: Path, rng: random.Random, how: str) -> str:
    lines = path.read_bytes().splitlines(keepends=True)
    n = rng.randrange(len(lines))
    if how == "byte":
        place = rng.randrange(len(lines[n]) - 1)
        was = lines[n][place]
        lines[n] = lines[n][:place] + bytes([was ^ 1]) + lines[n][place + 1 :]
    elif how == "removed":
        del lines[n]
    elif how == "swapped":
        m = rng.choice([i for i in range(len(lines)) if i != n])
        lines[n], lines[m] = lines[m], lines[n]
    elif how == "tail":
        lines = lines[:n]
    elif how == "half":
        data = b"".join(lines)
        path.write_bytes(data[: rng.randrange(len(data) - len(lines[-1]), len(data) - 1)])
        return "half of the last line"
    path.write_bytes(b"".join(lines))
    return f"{how} at line {n + 1} of {path.name}"


@pytest.mark.parametrize("how", ["byte", "removed", "swapped", "tail", "half"])
def test_lines_touched_in_the_journal_are_found(
    office: Office, how: str, rounds: Callable[[int, int], int]
) -> None:
    path = office.journal.files()[-1]
    original = path.read_bytes()
    for seed in range(rounds(15, ROUNDS * 5)):
        path.write_bytes(original)
        done = touched_journal(path, random.Random(seed), how)
        assert upkeep.prove(office, quick=True).problems, f"seed {seed}: {done} was not found"


def test_both_cut_to_the_same_length_is_found_by_what_was_noted_elsewhere(office: Office) -> None:
    """The thorough one: warehouse, journal and head.json set back to before the last decision, together."""
    proof = upkeep.prove(office)
    last = office.journal.confirmed()
    assert last is not None
    path = office.journal.files()[-1]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]))
    kept = json.loads(lines[-3])
    number, digest = kept["entry"]["sequence"], kept["hash"]
    with by_hand(office) as con:
        con.execute(f"DELETE FROM journal WHERE sequence > {number}")
        con.execute("DELETE FROM audit WHERE sequence > (SELECT max(sequence) FROM audit) - 2")
    head = {"sequence": number, "hash": digest, "file": path.name, "size": path.stat().st_size}
    (office.home.audit / "head.json").write_text(json.dumps(head))
    found = upkeep.prove(office, quick=True).problems
    assert any("备份" in p or "条" in p for p in found)
    for noted in office.home.backups.glob("*.head.json"):
        noted.unlink()
    assert any("手工核对" in p for p in upkeep.prove(office, quick=True, head=proof.head).problems)


def test_work_stops_on_a_touched_journal(office: Office) -> None:
    path = office.journal.files()[-1]
    path.write_bytes(path.read_bytes() + b'{"hash":"' + b"0" * 64 + b'","entry":{}}\n')
    with pytest.raises(StoreError, match="jibao audit verify"):
        steps.remind(office, AFTER)
