"""A home whose warehouse was made by schema 008, with rows, opened by today's program: the mart is the same."""

from __future__ import annotations

import hashlib
import shutil
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest
from played_office import NOW, PERIODS, mart, without_last_audit

from flows import steps, upkeep
from flows.office import Office
from warehouse import ledger
from warehouse.letterbook import FOLDER, LetterBook, Page
from warehouse.store import Reader

FROZEN = (
    "001_register", "002_cycle", "003_submission", "004_mail", "005_run", "006_arrival_entry", "007_decision",
    "007_publication", "008_reminder",
)  # fmt: skip
# SHA-256 of the files as they were released; an edited one would refuse every home in the field.
DIGESTS = "520aafdfb022fede7f15f2a34ee922cfaf169a3ccd778676af4ce02eb639f4be"
# An assessment then stored all its rows, one made again at an instant in place of the first.
WHOLE_SETS = """(
    WITH last AS (
        FROM source.main.assessment QUALIFY row_number() OVER (PARTITION BY period, as_of ORDER BY sequence DESC) = 1
    )
    SELECT a.* EXCLUDE (as_of, input_hash), s.as_of, s.input_hash
    FROM last s JOIN source.main.attainment a ON a.period = s.period AND a.sequence BETWEEN s.base AND s.sequence
    QUALIFY row_number() OVER (PARTITION BY s.period, s.as_of, indicator, unit, scope ORDER BY a.sequence DESC) = 1
)"""


def schema(name: str) -> str:
    return files("warehouse").joinpath("sql", "schema", f"{name}.sql").read_text("utf-8")


def made_by_008(source: Path, target: Path) -> int:
    """A warehouse of the frozen files with the rows of ``source``; the number of rows."""
    with duckdb.connect(str(target)) as con:
        con.execute("CREATE TABLE migration (name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL)")
        for name in FROZEN:
            text = schema(name)
            con.execute(text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            con.execute("INSERT INTO migration VALUES (?, ?)", [f"{name}.sql", digest])
        con.execute(f"ATTACH '{source}' AS source (READ_ONLY)")
        _put_letters_within(con, LetterBook(source.with_name(FOLDER)))
        rows = 0
        tables = [
            t
            for (t,) in con.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
            ).fetchall()
        ]
        for table in tables:
            if table == "migration":
                continue
            columns = [
                c
                for (c,) in con.execute(
                    "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND table_name = ?",
                    [table],
                ).fetchall()
            ]
            rows_of = {"attainment": WHOLE_SETS, "mail": "letters_within"}.get(table, f"source.main.{table}")
            con.execute(f"INSERT INTO {table} BY NAME SELECT {', '.join(columns)} FROM {rows_of}")
            rows += con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        con.execute("DROP TABLE letters_within")
        con.execute("CHECKPOINT")
    return rows


def _put_letters_within(con: duckdb.DuckDBPyConnection, book: LetterBook) -> None:
    """A table like that of mails, with the letters in it: there was no letter book."""
    con.execute("CREATE TEMP TABLE letters_within AS FROM source.main.mail")
    where = "letter_file, letter_at, letter_size, letter_sha256"
    for mail_id, *page in con.execute(f"SELECT mail_id, {where} FROM letters_within").fetchall():
        letter = book.read(Page(*page))
        con.execute("UPDATE letters_within SET eml = ? WHERE mail_id = ?", [letter, mail_id])


@pytest.fixture
def old(office: Office) -> Office:
    home = office.home
    source = home.root / "today.duckdb"
    home.warehouse.rename(source)
    assert made_by_008(source, home.warehouse) > 300
    home.snapshot.unlink()
    shutil.rmtree(home.audit)  # 008 knew no journal
    home.letters.rename(home.root / "letters-of-today")
    return office


def test_a_home_of_008_opens_and_says_the_same(old: Office) -> None:
    before = without_last_audit(mart(old.home.root / "today.duckdb"))
    with old.store():
        pass
    after = without_last_audit(mart(old.home.snapshot))
    assert {n: r for n, r in after.items() if n.startswith("mart.")} == {
        n: r for n, r in before.items() if n.startswith("mart.")
    }
    # Assessments are stored otherwise since.
    otherwise = {n: after[n] for n in ("main.attainment", "main.mail")}
    assert {**before, "main.assessment": []} | otherwise == after
    # From now on there is a journal: what lay there before is its first entry.
    proof = upkeep.prove(old)
    assert proof.problems == [] and any("基线" in n for n in proof.notices)
    old.home.warehouse.unlink()
    upkeep.rebuild(old, NOW)
    assert without_last_audit(mart(old.home.snapshot)) == after


def test_letters_of_before_are_sent_and_proved(old: Office) -> None:
    today = LetterBook(old.home.root / "letters-of-today")
    with old.store() as store:
        mails = store.rows("list_mails", {"period": None, "state": None})
        shown = [ledger.show(store, m["mail_id"]).mail for m in mails]
        assert ledger.unreadable(store, store.letters) == {}
    kept = b"".join(p.read_bytes() for p in today.folder.iterdir())
    assert shown and all(m["eml"] in kept for m in shown)


def test_work_goes_on_after_the_upgrade(old: Office) -> None:
    assert steps.open_cycle(old, "2020-Q2", NOW.replace(month=7)).mails > 0
    assert steps.collect(old, NOW.replace(month=7), send=False).accepted == 0
    with Reader(old.home.snapshot) as reader:
        assert {r["period"] for r in reader.rows("list_cycles")} == {*PERIODS, "2020-Q2"}


def test_no_frozen_file_was_edited() -> None:
    together = hashlib.sha256("".join(schema(n) for n in FROZEN).encode()).hexdigest()
    assert together == DIGESTS
