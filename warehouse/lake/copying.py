"""All rows of a warehouse from one store to the other: for rehearsals, backups and the move to many machines."""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.lake.attaching import LAKE
from warehouse.migrating import migrate


def copy_tables(con: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Writes the lake that ``con`` has attached into a new single-file warehouse at ``target``."""
    with duckdb.connect(str(target)) as fresh:
        migrate(fresh, lambda: None)
    con.execute(f"ATTACH '{_sql(target)}' AS single")
    try:
        con.execute("BEGIN TRANSACTION")
        for table in tables(con, "single"):
            con.execute(f"INSERT INTO single.main.{table} BY NAME SELECT * FROM {LAKE}.main.{table}")
        con.execute("COMMIT")
        con.execute("CHECKPOINT single")
    finally:
        con.execute("DETACH single")


def tables(con: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    """Names of the tables with facts; the migration ledger is each store's own."""
    found = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = $d AND schema_name = 'main' AND table_name <> 'migration'"
        " ORDER BY table_name",
        {"d": database},
    ).fetchall()
    return [name for (name,) in found]


def _sql(path: Path) -> str:
    return str(path).replace("'", "''")
