"""Workbooks and annotated returns saved by another office program and dropped: the same result as the original."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from drop_folder import COLLECTED, PERIOD, Desk, open_desk

from flows import sample
from templates.workbook import Filled

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
from office_suite import needs_office, saved_as  # noqa: E402  a helper of the tests next door

UNIT = "JXJ"
FORMATS = ["xlsx", "ods", "xls"]


def wrong(desk: Desk) -> dict[str, Filled]:
    """Words, a blank, a nil return beside a figure, an unknown state, a percent cell."""
    filled = desk.figures(UNIT)
    first, second, third = [i for i, f in filled.items() if isinstance(f.value, float)][:3]
    state = next(i for i, f in filled.items() if f.value in ("推进中", "已完成", "未启动"))
    share = next(i for i, f in filled.items() if i == "I-29")
    return {
        **filled,
        first: replace(filled[first], value="约1000"),
        second: Filled(),
        third: replace(filled[third], nil="是"),
        state: replace(filled[state], value="快了"),
        share: replace(filled[share], value=0.173, numerator=None, denominator=None, percent_cell=True),
    }


def outcome(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    return {
        "observations": desk.sql(
            "SELECT indicator, status, value, numerator, denominator, state, remark, cell "
            "FROM mart.observation WHERE unit = ? ORDER BY 1", UNIT,
        ),
        "progress": desk.sql("SELECT item, state, remark, evidence FROM mart.progress WHERE unit = ? ORDER BY 1", UNIT),
        "findings": desk.sql(
            "SELECT severity, rule, sheet, cell, indicator, value, message FROM mart.finding WHERE unit = ? ORDER BY ALL", UNIT,
        ),
        "status": desk.sql("SELECT status FROM mart.submission WHERE unit = ?", UNIT),
    }  # fmt: skip


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = open_desk(tmp_path_factory.mktemp("original") / "home")
    desk.drop(UNIT, "原件.xlsx", desk.book(UNIT, wrong(desk)))
    desk.collect()
    return desk


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = open_desk(tmp_path_factory.mktemp("right") / "home")
    desk.drop(UNIT, "原件.xlsx", desk.book(UNIT))
    desk.collect()
    return desk


@needs_office
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_filled_workbook(right: Desk, original: Desk, tmp_path: Path, suffix: str) -> None:
    for before, filled in ((right, None), (original, wrong(original))):
        desk = open_desk(tmp_path / f"home{filled is None}")
        desk.drop(UNIT, f"另存.{suffix}", saved_as(desk.book(UNIT, filled), "xlsx", suffix, tmp_path))
        desk.collect()
        assert outcome(desk) == outcome(before)


@needs_office
@pytest.mark.parametrize("suffix", FORMATS)
def test_an_annotated_return(original: Desk, tmp_path: Path, suffix: str) -> None:
    (returned,) = original.office.home.returned(PERIOD).glob(f"{UNIT}_*.xlsx")
    desk = open_desk(tmp_path / "home")
    desk.drop(UNIT, f"退回件.{suffix}", saved_as(returned.read_bytes(), "xlsx", suffix, tmp_path))
    desk.collect()
    assert outcome(desk) == outcome(original)


@needs_office
@pytest.mark.parametrize("suffix", ["ods", "xls"])
def test_the_annotated_return_of_another_format_reads_like_its_original(
    original: Desk, tmp_path: Path, suffix: str
) -> None:
    desk = open_desk(tmp_path / "home")
    desk.drop(UNIT, f"一.{suffix}", saved_as(desk.book(UNIT, wrong(desk)), "xlsx", suffix, tmp_path))
    desk.collect()
    (returned,) = desk.office.home.returned(PERIOD).glob(f"{UNIT}_*.xlsx")
    again = open_desk(tmp_path / "again")
    again.drop(UNIT, "退回件.xlsx", returned.read_bytes())
    again.collect(COLLECTED + timedelta(hours=1))
    assert outcome(again) == outcome(original)


def test_the_annotated_return_of_a_csv_reads_like_its_original(tmp_path: Path) -> None:
    first, again = open_desk(tmp_path / "first"), open_desk(tmp_path / "again")
    first.drop(UNIT, "一.csv", sample.as_csv(first.book(UNIT, wrong(first))))
    first.collect()
    (returned,) = first.office.home.returned(PERIOD).glob(f"{UNIT}_*.xlsx")
    again.drop(UNIT, "退回件.xlsx", returned.read_bytes())
    again.collect()
    assert outcome(again) == outcome(first)
