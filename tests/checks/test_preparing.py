"""The prepared frame: history, revisions, owed items, through a real warehouse."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from batches import CONFIG, NAMES, PERIOD, Upload, observe

from checks.run import judge
from tests.bench import checks as bench
from warehouse import checking
from warehouse.checking import prepare, rows_of
from warehouse.store import Store


def prepared(store: Store, *uploads: Upload) -> dict[tuple[str, str], dict[str, Any]]:
    rows, _ = prepare(store, [u.submission() for u in uploads], [u.as_reading() for u in uploads])
    return {(r["submission_id"], r["item"]): r for r in rows.to_dict("records")}


def test_history_is_laid_beside_each_row(store: Store) -> None:
    found = prepared(store, Upload("a"))
    level, flow = found["a", "I-01"], found["a", "I-04"]
    assert (level["value"], level["previous_value"], level["last_year_value"], level["points"]) == (
        107,
        106,
        104,
        6,
    )
    assert math.isclose(level["growth_quarter_pct"], 100 / 106)
    assert math.isclose(
        level["z_score"],
        (107 - 620 / 6) / (sum((v - 620 / 6) ** 2 for v in (100, 102, 104, 103, 105, 106)) / 6) ** 0.5,
    )
    assert math.isclose(level["modified_z_score"], 0.6745 * 3.5 / 1.5)
    assert (flow["ytd_floor"], flow["last_year_value"], flow["points"]) == (24, 30, 1)
    assert math.isnan(flow["z_score"]) and math.isnan(flow["growth_quarter_pct"])
    assert found["a", "I-05"]["previous_state"] == "推进中"


def test_spread_zero_and_few_points_are_skipped(store: Store) -> None:
    for period in ("2018-Q1", "2018-Q2", "2018-Q3", "2018-Q4", "2019-Q1"):
        observe(store, "FGJ", "I-08", period, 5)
    flat = prepared(store, Upload("b", {"I-08": {"value": 6}}, unit="FGJ"))["b", "I-08"]
    assert flat["points"] == 5 and math.isnan(flat["z_score"]) and math.isnan(flat["modified_z_score"])
    few = prepared(store, Upload("c", {"I-08": {"value": 6}}, unit="SWJ"))["c", "I-08"]
    assert math.isnan(few["z_score"])


def test_a_withdrawn_figure_does_not_come_back(store: Store) -> None:
    observe(store, "SWJ", "I-07", "2019-Q2", 50)
    assert (
        prepared(store, Upload("d", {"I-07": {"value": 60}}, unit="SWJ"))["d", "I-07"]["previous_value"] == 50
    )
    observe(store, "SWJ", "I-07", "2019-Q2", 55, revision=2)
    assert (
        prepared(store, Upload("d", {"I-07": {"value": 60}}, unit="SWJ"))["d", "I-07"]["previous_value"] == 55
    )
    observe(store, "SWJ", "I-07", "2019-Q2", None, revision=3, status="missing")
    assert math.isnan(
        prepared(store, Upload("d", {"I-07": {"value": 60}}, unit="SWJ"))["d", "I-07"]["previous_value"]
    )


def test_owed_items_left_out_appear_until_accepted(store: Store) -> None:
    found = prepared(store, Upload("e", {"I-10": {"value": 1}}, unit="441402"))
    assert found["e", "I-07"]["absence"] == "row"
    observe(store, "441402", "I-07", PERIOD, None, status="nil")
    assert ("e", "I-07") not in prepared(store, Upload("e", {"I-10": {"value": 1}}, unit="441402"))
    contributing = prepared(store, Upload("f", {"I-08": {"value": 1}}, unit="FGJ"))
    assert ("f", "A-0101") not in contributing


def test_the_other_side_of_a_difference_is_told_later(store: Store) -> None:
    for unit, figure in (("SWJ", 100), ("441403", 30)):
        observe(store, unit, "I-07", "2020-Q1", figure, cell="G9")
    late = Upload("h", {"I-07": {"value": 60}}, unit="441402", period="2020-Q1")
    rows, files = prepare(store, [late.submission()], [late.as_reading()])
    told = {
        (f.submission_id, f.unit, f.cell)
        for f in judge(rows, files, CONFIG).findings
        if f.rule == "city_differs"
    }
    assert told == {("h", "441402", "G5"), ("old-SWJ", "SWJ", "G9"), ("old-441403", "441403", "G9")}
    agreeing = Upload("i", {"I-07": {"value": 70}}, unit="441402", period="2020-Q1")
    rows, _ = prepare(store, [agreeing.submission()], [agreeing.as_reading()])
    assert set(rows["origin"]) == {"sent", "row"} and set(rows["city_gap_pct"].dropna()) == {0}


def test_an_explained_level_is_not_asked_about_again(store: Store) -> None:
    observe(store, "441403", "I-07", "2018-Q3", 10)
    observe(store, "441403", "I-07", "2019-Q2", 30)
    asked = Upload("j", {"I-07": {"value": 31}}, unit="441403")
    assert math.isclose(prepared(store, asked)["j", "I-07"]["growth_year_pct"], 210)
    observe(store, "441403", "I-07", "2019-Q2", 30, revision=2, remark="新增园区")
    assert math.isnan(prepared(store, asked)["j", "I-07"]["growth_year_pct"])
    moved = Upload("j", {"I-07": {"value": 45}}, unit="441403")
    assert math.isclose(prepared(store, moved)["j", "I-07"]["growth_year_pct"], 350)


def test_every_row_is_there_once_and_decimals_are_welcome(store: Store) -> None:
    uploads = [Upload(f"g{n}", {"I-01": {"value": Decimal("107.25")}}) for n in range(3)]
    rows, files = prepare(store, [u.submission() for u in uploads], [u.as_reading() for u in uploads])
    assert len(rows) == 24 and rows["row_no"].is_unique and len(files) == 3
    assert [r for _, _, r in rows_of(store, ["g1"])] == [5, 6, 7, 8, 9, 10, 11, 5]
    assert rows_of(store, []) == rows_of(store, ["nobody"]) == []
    assert set(rows.loc[rows["item"] == "I-01", "value"]) == {107.25}


def test_rows_arrive_in_the_warehouse_as_they_were_read(store: Store) -> None:
    late = {"remark": "末行说明", "evidence": "文号", "nil_text": "是"}
    blank = [Upload(f"k{n}", {"I-01": {"value": None}}) for n in range(400)]
    uploads = [*blank, Upload("last", {"I-01": {"value": Decimal("0.1"), **late}, "I-02": {"value": None}})]
    prepare(store, [u.submission() for u in uploads], [u.as_reading() for u in uploads])
    found = store.con.execute("SELECT * FROM incoming_row").fetchall()
    sent = [(u.name, *r[1:]) for u in uploads for r in u.rows()]
    assert sorted(found, key=repr) == sorted(
        [tuple(float(v) if isinstance(v, Decimal) else v for v in line) for line in sent], key=repr
    )


def test_a_batch_in_parts_is_judged_as_in_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """File by file, a city cut in between; a column that is empty in one part is what it is in the others."""
    for unit, city in (("FGJ", "东市"), ("SWJ", "西市"), ("441402", "西市"), ("441403", "西市")):
        store.con.execute("UPDATE unit SET city = ? WHERE unit = ?", [city, unit])
    observe(store, "FGJ", "I-08", "2019-Q2", 5, remark="说明")
    uploads = [
        Upload("a"), Upload("b", {"I-01": {"value": 10700, "remark": "口径调整"}}), Upload("c", period="1999-Q1"),
        Upload("d", {"I-08": {"value": 9}, "I-11": {"value": -1}}, unit="FGJ"),
        Upload("e", {"I-07": {"value": 100}, "I-08": {"value": 1}}, unit="SWJ"),
        Upload("f", {"I-07": {"value": 60}, "I-10": {"value": 5, "numerator": 1}}, unit="441402"),
        Upload("g", {"I-07": {"value": 30, "value_text": "三十"}}, unit="441403"),
    ]  # fmt: skip
    found = []
    for at_once, parts in ((30_000, 1), (1, 7)):
        monkeypatch.setattr(checking, "ROWS_AT_ONCE", at_once)
        rows, files = prepare(store, [u.submission() for u in uploads], [u.as_reading() for u in uploads])
        assert len(store.rows("list_incoming_parts")) == parts and rows["row_no"].is_unique
        judgement = judge(rows, files, CONFIG)
        assert not judgement.not_checked
        by = ["submission_id", "sheet", "row", "item"]
        found.append((rows.drop(columns="row_no").sort_values(by, ignore_index=True), judgement))
    (whole, first), (pieces, second) = found
    pd.testing.assert_frame_equal(whole, pieces)
    assert first.findings == second.findings and len(first.findings) > 5
    assert {f.submission_id for f in first.findings} >= {"c", "d", "e", "f", "g"}


def test_a_name_that_several_items_share_is_each_ones_own(store: Store) -> None:
    store.con.execute("UPDATE indicator SET name = '同名' WHERE indicator IN ('I-01', 'I-02')")
    try:
        shared = {"item_name": "同名"}
        found = prepared(store, Upload("s", {"I-01": shared, "I-02": shared, "I-03": shared}))
    finally:
        for code in ("I-01", "I-02"):
            store.con.execute("UPDATE indicator SET name = ? WHERE indicator = ?", [NAMES[code], code])
    agree = {item: row["item_name_agrees"] for (_, item), row in found.items()}
    assert (agree["I-01"], agree["I-02"], agree["I-03"]) == (True, True, False)
    assert found["s", "I-03"]["named_item"] == "I-01/I-02"


def test_a_name_of_another_plan_is_no_other_items(store: Store) -> None:
    """What counts are the names of the plan that the cycle was opened with."""
    former = {"plan_hash": "p0", "name": "旧名", "indicator": "I-09"}
    store.con.execute(
        "INSERT INTO indicator SELECT * REPLACE ($plan_hash AS plan_hash, $name AS name) FROM indicator WHERE indicator = $indicator",
        former,
    )
    try:
        found = prepared(store, Upload("o", {"I-01": {"item_name": "旧名"}}, reading={"plan_hash": "p0"}))
    finally:
        store.con.execute("DELETE FROM indicator WHERE plan_hash = 'p0'")
    assert found["o", "I-01"]["item_name_agrees"] is True


def test_no_files_no_frames(store: Store) -> None:
    rows, files = prepare(store, [], [])
    assert rows.empty and files.empty


def test_what_other_cities_reported_neither_counts_nor_costs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3,400 counties elsewhere with 40 figures each in 8 quarters: one file is judged in half of a batch's memory, on 16 cores too."""
    monkeypatch.setattr(checking, "PREPARING_MEMORY_MB", checking.PREPARING_MEMORY_MB // 2)
    store.con.execute("SET threads = 16")  # as on a machine of so many cores
    for statement in (
        "INSERT INTO unit SELECT plan_hash, 'X' || n, 'X' || n, 'county', 'C' || n // 10, 100 + n FROM plan, range(3400) AS r(n)",
        "INSERT INTO indicator SELECT i.* REPLACE ('Z-' || n AS indicator, 100 + n AS sort) FROM indicator AS i, range(40) AS r(n) "
        "WHERE i.indicator = 'I-07'",
        "INSERT INTO reporter SELECT u.plan_hash, i.indicator, u.unit FROM unit AS u, indicator AS i "
        "WHERE i.sort >= 100 OR (u.sort >= 100 AND i.indicator = 'I-07')",
        "INSERT INTO obligation SELECT '2020-Q1', unit, indicator, 'indicator', 'lead', true FROM reporter WHERE indicator LIKE 'Z-%'",
        "INSERT INTO observation (unit, item, period, revision, value, status, submission_id, recorded_at, received_at, reason, "
        "had_error_first) SELECT unit, indicator, (2020 - n // 4) || '-Q' || 1 + n % 4, 1, 1000, 'reported', 'x' || unit, now(), "
        "now(), '', false FROM reporter, range(8) AS r(n) WHERE unit LIKE 'X%'",
    ):
        store.con.execute(statement)
    for unit, figure in (("SWJ", 100), ("441403", 30)):
        observe(store, unit, "I-07", "2020-Q1", figure)
    cells = {"I-07": {"value": 60}} | {f"Z-{n}": {"value": 1} for n in range(40)}
    row = prepared(store, Upload("n", cells, unit="441402", period="2020-Q1"))["n", "I-07"]
    assert (row["city_value"], row["county_value"]) == (100, 90)


def test_a_city_of_many_units_is_prepared_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A nation may be one city to the register: 600 units of one city with 25 figures in four quarters."""
    monkeypatch.setattr(bench, "UNITS", 600)
    monkeypatch.setattr(checking, "ROWS_AT_ONCE", 2_000)
    monkeypatch.setattr(checking, "PREPARING_MEMORY_MB", 64)
    with Store(tmp_path / "warehouse.duckdb") as store:
        with store.transaction():
            bench._register(store)
        rows, _ = prepare(store, *bench._batch(), period=bench.PERIOD, template_version="1")
        assert len(rows) == 600 * 25 and len(store.rows("list_incoming_parts")) == 8
        checking.release(store)
