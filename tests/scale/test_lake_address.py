"""The setting that chooses the store, read strictly; needs no database."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.office import open_office
from warehouse.lake.address import parse_warehouse
from warehouse.store import Store, StoreError

HERE = Path("/srv/jibao/lake")


@pytest.mark.parametrize("setting", [None, "", " ", "file"])
def test_without_a_setting_the_single_file_is_used(setting: str | None) -> None:
    assert parse_warehouse(setting, HERE) is None


def test_parts_of_ours_are_taken_out_and_the_rest_goes_to_libpq() -> None:
    lake = parse_warehouse(
        "ducklake:postgres:host=db port=5433 dbname=jibao user=jibao passfile='/run/my secrets/pgpass' schema=a_1 data_path=/mnt/x",
        HERE,
    )
    assert lake is not None
    assert lake.conninfo == "host=db port=5433 dbname=jibao user=jibao passfile='/run/my secrets/pgpass'"
    assert (lake.schema, lake.data_path, lake.is_remote) == ("a_1", "/mnt/x/", False)


def test_defaults_and_object_storage() -> None:
    lake = parse_warehouse("ducklake:postgres:dbname=jibao", HERE)
    assert lake is not None
    assert (lake.schema, lake.data_path) == ("jibao", "/srv/jibao/lake/")
    remote = parse_warehouse("ducklake:postgres:dbname=jibao data_path=s3://bucket/lake", HERE)
    assert remote is not None
    assert remote.is_remote


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("postgres:dbname=x", "ducklake:postgres:"),
        ("ducklake:postgres:host=db", "dbname"),
        ("ducklake:postgres:dbname=x password=secret", "PGPASSWORD"),
        ("ducklake:postgres:dbname=x schema=Bad-Name", "schema"),
        ("ducklake:postgres:dbname='x", "引号"),
        ("ducklake:postgres:dbname", "dbname"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(setting: str, said: str) -> None:
    with pytest.raises(StoreError) as told:
        parse_warehouse(setting, HERE)
    assert said in str(told.value)
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_wrong_setting_is_wrong_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from config.register import ConfigError

    monkeypatch.setenv("JIBAO_WAREHOUSE", "mysql:dbname=x")
    with pytest.raises(ConfigError, match="JIBAO_WAREHOUSE"):
        open_office(tmp_path)


def test_an_unreachable_database_is_told_without_a_trace(tmp_path: Path) -> None:
    lake = parse_warehouse("ducklake:postgres:host=127.0.0.1 port=1 dbname=x user=x", tmp_path)
    with pytest.raises(StoreError, match="PostgreSQL 连不上"), Store(tmp_path / "w.duckdb", lake=lake):
        pass
