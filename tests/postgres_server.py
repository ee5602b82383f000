"""A PostgreSQL of the tests' own: private data directory, free port, a password in a file, gone afterwards.

``JIBAO_TEST_POSTGRES`` (a conninfo) names one that runs already.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from warehouse.lake.address import LakeAddress, parse_warehouse
from warehouse.store import Store

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))


@contextmanager
def running(*options: str) -> Iterator[str]:
    """Conninfo of a running server; the test is skipped where PostgreSQL is not installed.

    :param options: settings of the server, such as ``fsync=off``
    """
    given = os.environ.get("JIBAO_TEST_POSTGRES")
    if given:
        yield given
        return
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed (.ci/postgres)")
    programs, port = PROGRAMS[-1].parent, _free_port()
    # Below /tmp, because the server's user must be able to walk there.
    root = Path(tempfile.mkdtemp(prefix="jibao-pg-"))
    try:
        word = secrets.token_urlsafe(12)
        (root / "word").write_text(word)
        passfile = root / "pgpass"
        passfile.write_text(f"127.0.0.1:{port}:*:jibao:{word}\n")
        passfile.chmod(0o600)
        data = root / "data"
        data.mkdir()
        if os.geteuid() == 0:
            for path in (root, data, root / "word"):
                shutil.chown(path, "postgres")
        _run(programs / "initdb", "-D", data, "-U", "jibao", "-A", "scram-sha-256", "--pwfile", root / "word",
             "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")  # fmt: skip
        settings = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *options)
        words = " ".join(f"-c {s}" if s[-1] != "=" else f"-c {s}''" for s in settings)
        _run(programs / "pg_ctl", "-D", data, "-l", data / "log", "-o", words, "-w", "start")
        try:
            yield f"host=127.0.0.1 port={port} user=jibao dbname=postgres passfile={passfile}"
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def lake_at(conninfo: str, name: str, data_path: Path) -> LakeAddress:
    """A lake of its own: one schema of the server a name."""
    schema = "t" + hashlib.sha256(name.encode()).hexdigest()[:20]
    found = parse_warehouse(f"ducklake:postgres:{conninfo} schema={schema}", data_path)
    assert found is not None
    return found


def cloned_lake(conninfo: str, name: str, data_path: Path) -> LakeAddress:
    """A lake of its own whose schema is there already: a database made from a template, 20 times as fast as migrating.

    :param data_path: the same for all of one session; Parquet files have names of their own
    """
    template = "template_" + hashlib.sha256(str(data_path).encode()).hexdigest()[:16]
    database = "lake_" + hashlib.sha256(name.encode()).hexdigest()[:20]

    def at(dbname: str) -> LakeAddress:
        return LakeAddress(make_conninfo(conninfo, dbname=dbname), f"{data_path}/", "jibao")

    with psycopg.connect(conninfo, autocommit=True) as session:
        known = {row[0] for row in session.execute("SELECT datname FROM pg_database").fetchall()}
        if template not in known:
            session.execute(f"CREATE DATABASE {template}".encode())
            with Store(data_path / "none", lake=at(template)):
                pass
        if database not in known:
            session.execute(f"CREATE DATABASE {database} TEMPLATE {template} STRATEGY file_copy".encode())
    return at(database)


def _run(*words: object) -> None:
    command = [str(w) for w in words]
    if os.geteuid() == 0:  # the server refuses to be root's
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
