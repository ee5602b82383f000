"""Looking after a lake: compaction, leftovers, expiry, and the move of a single-file warehouse into it.

Belongs here: what happens to files and snapshots. Does not: when (flows.scale), meaning of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from warehouse.lake.attaching import LAKE
from warehouse.lake.copying import tables
from warehouse.places import StoreError
from warehouse.store import Store


@dataclass(frozen=True)
class Tidied:
    files_before: int
    files_after: int
    snapshots: int
    expired: int


def tidy(store: Store, now: datetime, expire_before: datetime | None = None) -> Tidied:
    """Merges small Parquet files and removes what nobody reads any more.

    :param expire_before: also forgets how the lake stood before this instant; the rows themselves and their
        bitemporal columns stay. Never within the running year or the one before.
    :raises StoreError: ``expire_before`` is too recent
    """
    if expire_before is not None and expire_before > _year_start(now):
        raise StoreError(f"{_year_start(now):%Y-%m-%d} 以后的快照不能清除：报告年度内要能随时回看")
    before = _files(store)
    text = files("warehouse").joinpath("sql", "lake", "tidy.sql").read_text("utf-8")
    store.con.execute(text)
    expired = 0
    if expire_before is not None:
        done = store.con.execute(
            f"CALL ducklake_expire_snapshots('{LAKE}', older_than => $before)", {"before": expire_before}
        )
        expired = len(done.fetchall())
    row = store.con.execute(f"SELECT count(*) FROM ducklake_snapshots('{LAKE}')").fetchone()
    return Tidied(before, _files(store), row[0] if row else 0, expired)


def move_in(store: Store, source: Path) -> dict[str, int]:
    """Copies a single-file warehouse into an empty lake, in one commit; rows by table.

    :raises StoreError: the lake holds runs already
    """
    con = store.con
    if con.execute("SELECT count(*) FROM run").fetchone() != (0,):
        raise StoreError("湖仓中已有数据，不能再搬入；请另建一个空的湖仓（换 schema 或数据库）")
    con.execute(f"ATTACH '{str(source).replace(chr(39), chr(39) * 2)}' AS single (READ_ONLY)")
    moved: dict[str, int] = {}
    try:
        known = set(tables(con, LAKE))
        with store.transaction():
            for table in tables(con, "single"):
                if table not in known:
                    raise StoreError(f"单机仓库的表 {table} 在湖仓中没有：两边的程序版本不同")
                done = con.execute(
                    f"INSERT INTO {table} BY NAME SELECT * FROM single.main.{table}"
                ).fetchone()
                moved[table] = done[0] if done else 0
            ids = con.execute("SELECT submission_id FROM single.main.submission").fetchall()
            store.gate([sid for (sid,) in ids])
    finally:
        con.execute("DETACH single")
    return moved


def _year_start(now: datetime) -> datetime:
    return now.replace(year=now.year - 1, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)


def _files(store: Store) -> int:
    row = store.con.execute(f"SELECT sum(file_count) FROM ducklake_table_info('{LAKE}')").fetchone()
    return int(row[0] or 0) if row else 0
