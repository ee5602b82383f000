"""The schema's history: numbered files applied once each, and the mart views that are always the newest.

Belongs here: the ledger of what was applied, in one transaction. Does not: where the warehouse lies (places).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.resources import files

import duckdb

from warehouse.places import StoreError


def migrate(con: duckdb.DuckDBPyConnection, before_commit: Callable[[], None]) -> bool:
    """Applies numbered schema files not yet in the ledger and refreshes the mart views; True if anything ran.

    :raises StoreError: a file differs from what this warehouse was made with
    """
    con.execute("CREATE TABLE IF NOT EXISTS migration (name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL)")
    done = dict(con.execute("SELECT name, sha256 FROM migration").fetchall())
    schema = [(n, t, hashlib.sha256(t.encode()).hexdigest()) for n, t in scripts("schema")]
    mart = [(f"mart/{n}", t, hashlib.sha256(t.encode()).hexdigest()) for n, t in scripts("mart")]
    for name, _, digest in schema:
        if name in done and done[name] != digest:
            raise StoreError(f"迁移脚本 {name} 与建库时不同：程序文件被改动过，请重新安装 jibao")
    todo = [m for m in schema if m[0] not in done]
    stale_mart = [m for m in mart if done.get(m[0]) != m[2]]
    if not todo and not stale_mart:
        return False
    con.execute("BEGIN TRANSACTION")
    try:
        for name, text, digest in todo:
            con.execute(text)
            con.execute("INSERT INTO migration VALUES (?, ?)", [name, digest])
        con.execute("CREATE SCHEMA IF NOT EXISTS mart")
        for name, text, digest in mart if stale_mart else []:
            con.execute(text)
            con.execute("DELETE FROM migration WHERE name = ?", [name])
            con.execute("INSERT INTO migration VALUES (?, ?)", [name, digest])
        before_commit()
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")
    return True


def scripts(folder: str) -> list[tuple[str, str]]:
    """(name, text) of every file below ``sql/folder``, in the order of their names."""
    found = [f for f in files("warehouse").joinpath("sql", folder).iterdir() if f.name.endswith(".sql")]
    return [(f.name, f.read_text("utf-8")) for f in sorted(found, key=lambda f: f.name)]
