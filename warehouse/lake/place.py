"""The lake as a place to write to: one writer under PostgreSQL's lock, every commit signed."""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.lake.address import LakeAddress
from warehouse.lake.attaching import LAKE, attach
from warehouse.lake.copying import copy_tables
from warehouse.lake.gate import Gate
from warehouse.places import Signature


class LakePlace:
    """See :class:`warehouse.places.Place`."""

    needs_transaction = True
    is_unpublished = False

    def __init__(self, address: LakeAddress) -> None:
        self._address = address
        self._gate = Gate(address)

    def open(self, snapshot: Path | None) -> duckdb.DuckDBPyConnection:
        self._gate.acquire()
        try:
            con = attach(self._address)
            self._gate.enter()
        except BaseException:
            self._gate.release()
            raise
        return con

    def sign(self, con: duckdb.DuckDBPyConnection, signature: Signature) -> None:
        message = f"{signature.flow} {signature.run_id}".strip() or "jibao"
        con.execute(
            f"CALL {LAKE}.set_commit_message($author, $message, extra_info => $note)",
            {"author": signature.run_id or "jibao", "message": message, "note": self._gate.note(signature)},
        )

    def settle(self, con: duckdb.DuckDBPyConnection) -> None:
        """A commit is whole when it returns."""

    def close(self, con: duckdb.DuckDBPyConnection | None, publish: Path | None) -> None:
        try:
            if con is not None:
                con.close()
        finally:
            self._gate.release()

    def save_copy(self, con: duckdb.DuckDBPyConnection, target: Path) -> None:
        copy_tables(con, target)
