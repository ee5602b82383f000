"""A DuckDB connection in which the lake stands in the place of the single file, so that the same SQL runs."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import tempfile
from pathlib import Path

import duckdb

from warehouse.lake.address import LakeAddress
from warehouse.places import StoreError, configure

LAKE = "lake"
_SPILL = "jibao-spill-"
_number = itertools.count()
_NOT_YET = ("does not exist", "no DuckLake", "Existing DuckLake")


def attach(address: LakeAddress, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Connects without network beyond the database: extensions are loaded from the wheels they came in.

    :raises StoreError: an extension or the database is missing, or (read-only) no lake was made there yet
    """
    con = duckdb.connect(config={"temp_directory": str(_spill_folder())})
    try:
        for extension in ("postgres_scanner", "ducklake", *(("httpfs",) if address.is_remote else ())):
            con.execute(f"LOAD '{_wheel(extension)}'")
        configure(con)
        options = [f"DATA_PATH '{_sql(address.data_path)}'", f"METADATA_SCHEMA '{address.schema}'"]
        if read_only:
            options.append("READ_ONLY")
        elif not address.is_remote:
            Path(address.data_path).mkdir(parents=True, exist_ok=True)
        con.execute(f"ATTACH 'ducklake:postgres:{_sql(address.conninfo)}' AS {LAKE} ({', '.join(options)})")
        con.execute(f"USE {LAKE}")
    except duckdb.Error as error:
        con.close()
        reason = str(error).splitlines()[0]
        if read_only and any(words in reason for words in _NOT_YET):
            raise StoreError("还没有数据：湖仓尚未建立，请先运行 jibao open 或 jibao cycle") from error
        raise StoreError(f"湖仓连不上：{reason}。请检查 JIBAO_WAREHOUSE、PostgreSQL 与数据目录") from error
    return con


def _spill_folder() -> Path:
    """Where memory spills to: the machine's own disk, never shared storage, and a folder for this connection alone.

    Two databases with one folder overwrite each other's blocks. DuckDB makes it when needed and removes it at closing;
    what a killed process left is removed here.
    """
    root = Path(tempfile.gettempdir())
    for left in root.glob(f"{_SPILL}*"):
        pid = left.name[len(_SPILL) :].partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(left, ignore_errors=True)
    return root / f"{_SPILL}{os.getpid()}-{next(_number)}"


def _wheel(extension: str) -> str:
    """Path of the extension inside its wheel."""
    package = f"duckdb_extension_{extension}"
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise StoreError(f'缺少组件 {package.replace("_", "-")}；请安装：pip install "jibao[scale]"')
    files = sorted(Path(found.submodule_search_locations[0]).glob(f"**/{extension}.duckdb_extension"))
    if not files:
        raise StoreError(f"{package} 中没有扩展文件；请重新安装")
    return _sql(str(files[-1]))


def _sql(text: str) -> str:
    return text.replace("'", "''")
