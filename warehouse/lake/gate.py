"""What PostgreSQL guards for a lake that has no keys: one writer at a time, and every submission once.

Belongs here: the lock, the fence, the gate. Does not: rows of the lake.

The lock is an advisory lock of the session: it is free again when its holder dies, wherever that was. Each holder gets
the next number of the *fence*, and signs its commits with it; a trigger on the catalog refuses a commit under an older
number, so that a writer that was cut off and comes back cannot write over its successor. The same trigger enters the
commit's submissions into a table with a primary key: gate and snapshot are one PostgreSQL transaction, so a submission
is in both or in neither.
"""

from __future__ import annotations

import json
from importlib.resources import files

import psycopg
from psycopg import sql

from warehouse.lake.address import LakeAddress
from warehouse.places import LOCK_TIMEOUT_S, Signature, StoreError


class Gate:
    """One session of PostgreSQL, held while a warehouse is open for writing."""

    def __init__(self, address: LakeAddress) -> None:
        self._address = address
        self._session: psycopg.Connection[tuple[int]] | None = None
        self._fence = 0

    def acquire(self) -> None:
        """Waits for the writer's lock.

        :raises StoreError: no connection, or the other writer does not end
        """
        try:
            self._session = psycopg.connect(
                self._address.conninfo, autocommit=True, connect_timeout=20, application_name="jibao-writer",
                keepalives_idle=30, keepalives_interval=10, keepalives_count=3,
            )  # fmt: skip
            self._session.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'")
            self._session.execute(
                "SELECT pg_advisory_lock(hashtext('jibao'), hashtext(%s))", [self._address.schema]
            )
        except psycopg.errors.LockNotAvailable as error:
            self.release()
            raise StoreError(
                "另一个写入任务长时间占用湖仓，请稍后再试；若确认已卡死，请先结束该进程"
            ) from error
        except psycopg.OperationalError as error:
            self.release()
            raise _unreachable(error) from error

    def enter(self) -> None:
        """Takes the next number of the fence; makes gate and trigger where they are missing. Needs the catalog."""
        text = files("warehouse").joinpath("sql", "postgres", "create_gate.sql").read_text("utf-8")
        assert self._session is not None
        # An upgrade of DuckLake may have rebuilt its table without our trigger.
        catalog = f"{self._address.schema}.ducklake_snapshot_changes"
        there = sql.SQL(
            "SELECT count(*) FROM pg_trigger WHERE tgname = 'jibao_admit' AND tgrelid = to_regclass({})"
        )
        if self._one(there.format(sql.Literal(catalog))) == 0:
            with self._session.transaction():
                self._session.execute(
                    sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(self._address.schema))
                )
                # The text is ours and holds no values.
                self._session.execute(text.encode())
        table = sql.Identifier(self._address.schema, "jibao_fence")
        self._fence = int(
            self._one(sql.SQL("UPDATE {} SET number = number + 1 RETURNING number").format(table))
        )

    def note(self, signature: Signature) -> str:
        """What a commit carries for the trigger."""
        return json.dumps(
            {"fence": self._fence, "run_id": signature.run_id, "submissions": signature.submissions}
        )

    def release(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _one(self, statement: sql.Composed) -> int:
        assert self._session is not None
        row = self._session.execute(statement).fetchone()
        assert row is not None
        return row[0]


def has_catalog(address: LakeAddress) -> bool:
    """Whether a lake was ever made there.

    :raises StoreError: the database cannot be reached
    """
    try:
        with psycopg.connect(address.conninfo, connect_timeout=20, application_name="jibao") as session:
            name = f"{address.schema}.ducklake_metadata"
            row = session.execute("SELECT to_regclass(%s)", [name]).fetchone()
    except psycopg.OperationalError as error:
        raise _unreachable(error) from error
    return row is not None and row[0] is not None


def _unreachable(error: psycopg.OperationalError) -> StoreError:
    reason = str(error).strip().splitlines()[0]
    return StoreError(f"湖仓的 PostgreSQL 连不上：{reason}。请检查 JIBAO_WAREHOUSE 与数据库")
