"""The one setting that chooses the store, ``JIBAO_WAREHOUSE``, read into its parts.

    ducklake:postgres:host=db.example port=5432 dbname=jibao user=jibao data_path=/mnt/jibao/lake schema=jibao

Everything libpq understands (host, port, dbname, user, sslmode, passfile, service, ...) goes to PostgreSQL as it is;
``data_path`` (shared folder or s3://…) and ``schema`` (of the catalog) are ours. A password has no place here: it would
show up in process lists and error messages. libpq reads it from PGPASSWORD or from ``passfile``.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from warehouse.places import StoreError

PREFIX = "ducklake:postgres:"
FILE = "file"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,50}\Z")


@dataclass(frozen=True)
class LakeAddress:
    conninfo: str  # for libpq, without a password
    data_path: str  # ends with a slash
    schema: str  # of the catalog's tables in PostgreSQL

    @property
    def is_remote(self) -> bool:
        """Object storage, which needs the httpfs extension."""
        return "://" in self.data_path


def parse_warehouse(setting: str | None, data_path: Path) -> LakeAddress | None:
    """The lake that ``setting`` names; None (the single file) when it is empty or ``file``.

    :param data_path: where rows lie when the setting does not say
    :raises StoreError: one line saying what is wrong with the setting
    """
    text = (setting or "").strip()
    if text in ("", FILE):
        return None
    if not text.startswith(PREFIX):
        raise StoreError(f"JIBAO_WAREHOUSE 应为 file，或以 {PREFIX} 开头，后接 host=… dbname=… user=…")
    parts: dict[str, str] = {}
    try:
        words = shlex.split(text[len(PREFIX) :])
    except ValueError as error:
        raise StoreError("JIBAO_WAREHOUSE 的引号不成对") from error
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.isidentifier():
            raise StoreError(f"JIBAO_WAREHOUSE 中“{word}”不是 名称=值 的形式")
        parts[key] = value
    if "password" in parts:
        raise StoreError("JIBAO_WAREHOUSE 中不要写 password；请用环境变量 PGPASSWORD 或 passfile=文件")
    if not parts.get("dbname") and not parts.get("service"):
        raise StoreError("JIBAO_WAREHOUSE 缺少 dbname（PostgreSQL 数据库名）")
    schema = parts.pop("schema", "jibao")
    if not _NAME.match(schema):
        raise StoreError(f"JIBAO_WAREHOUSE 的 schema 只能用小写字母、数字和下划线：{schema}")
    place = parts.pop("data_path", "") or str(data_path)
    return LakeAddress(
        " ".join(f"{k}={_quoted(v)}" for k, v in parts.items()), place.rstrip("/") + "/", schema
    )


def _quoted(value: str) -> str:
    """As libpq wants a value with blanks."""
    if value and not re.search(r"[\s'\\]", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
