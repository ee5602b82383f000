"""Looking after the lake of an office: nightly compaction, the move from one machine."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from config.register import ConfigError
from flows.office import Office
from warehouse.durable import whole
from warehouse.lake.upkeep import Tidied, move_in, tidy
from warehouse.letterbook import FOLDER, LetterBook


def tidy_lake(office: Office, now: datetime, expire_before: datetime | None = None) -> Tidied:
    """:raises ConfigError: this office has no lake"""
    _check(office)
    with office.store() as store:
        return tidy(store, now, expire_before)


def move_into_lake(office: Office, source: Path) -> dict[str, int]:
    """Rows moved by table; the letter book beside ``source`` comes along.

    :raises ConfigError: this office has no lake
    :raises warehouse.store.StoreError: the lake is not empty
    """
    _check(office)
    for file in LetterBook(source.with_name(FOLDER)).files():
        kept = office.home.letters / file.name
        if not kept.exists():
            with whole(kept, synced=True) as fresh:
                shutil.copyfile(file, fresh)
    with office.store() as store:
        return move_in(store, source)


def _check(office: Office) -> None:
    if office.lake is None:
        raise ConfigError(
            "本机使用单机仓库；多机部署请设置环境变量 JIBAO_WAREHOUSE=ducklake:postgres:…（见 docs/scaling.md）"
        )
