"""``jibao attain``: the published results, hand-derived borders, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from warehouse.scoring import REQUIRED, RESULT, TableError, score_file, score_table

ORACLES = Path(__file__).parents[3] / "shared" / "oracles"
FIELDS = ("baseline", "base_year", "current", "current_year", "target", "target_year", "direction", "limit")
Row = tuple[Any, ...]


def score(method: str, *values: Any) -> dict[str, Any]:
    return score_table([{"id": "x", **dict(zip(FIELDS, values, strict=False))}], method)[0]


def close(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else math.isclose(a, b, rel_tol=0, abs_tol=1e-9)


@pytest.mark.skipif(not (ORACLES / "sdg_progress.json").exists(), reason="published results are not at hand")
def test_published_results_are_reproduced_from_a_file(tmp_path: Path) -> None:
    cases = json.loads((ORACLES / "sdg_progress.json").read_text("utf-8"))["cases"]
    source = (
        "base_value",
        "base_year",
        "current_value",
        "current_year",
        "target",
        "target_year",
        "direction",
        "limit",
    )
    table = tmp_path / "table.csv"
    with table.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", *FIELDS])
        for case in cases:
            writer.writerow([case["id"], *("" if (v := case["input"][k]) is None else v for k in source)])
    found = list(csv.DictReader(io.StringIO(score_file(table, "cagr"))))
    assert len(found) == len(cases) == 90
    for case, row in zip(cases, found, strict=True):
        wanted = case["expected"]
        progress, points = (float(row[k]) if row[k] else None for k in ("progress", "score"))
        assert close(progress, wanted["progress_value"]), case["id"]
        assert row["status"] == wanted["status"], case["id"]
        assert close(points, wanted["score"]), case["id"]


CAGR: dict[str, tuple[Row, float | None, str, float | None]] = {
    # one year of two: 100 -> 110 of 100 -> 121, growth 10 % against 10 % a year
    "on the line": ((100, 2018, 110, 2019, 121, 2020, 1), 1.0, "substantial_progress", 7.1429 - 4.2857),
    "half the growth": ((100, 2018, 105, 2019, 121, 2020, 1), 0.5, "limited_progress", 4.1667 * 0.5 - 2.5),
    "seven tenths": ((100, 2018, 107, 2019, 121, 2020, 1), 0.7, "moderate_progress", 7.1429 * 0.7 - 4.2857),
    "standing still": ((100, 2018, 100, 2019, 121, 2020, 1), 0.0, "limited_progress", -2.5),
    "wrong way": ((100, 2018, 95, 2019, 121, 2020, 1), -0.5, "deterioration", 4.1667 * -0.5 - 2.5),
    "far the wrong way": ((100, 2018, 50, 2019, 121, 2020, 1), -5.0, "deterioration", -5.0),
    "fast, capped": ((100, 2018, 120, 2019, 121, 2020, 1), 2.0, "substantial_progress", 5.0),
    "down is good": ((100, 2018, 90, 2019, 81, 2020, -1), 1.0, "substantial_progress", 7.1429 - 4.2857),
    "met": ((100, 2018, 121, 2019, 121, 2020, 1), 2.1, "target_achieved", 5),
    "met downward": ((100, 2018, 80, 2019, 81, 2020, -1), 2.0, "target_achieved", 5),
    "base is target": ((100, 2018, 90, 2019, 100, 2020, 1), None, "target_achieved", 5),
    "one year only": ((100, 2018, 100, 2018, 121, 2020, 1), None, "not_available", None),
    "sign change": ((-5, 2018, 5, 2019, 10, 2020, 1), None, "not_available", None),
    # Whoever is there is there: only the ratio needs two years or one sign.
    "one year, met": ((121, 2018, 121, 2018, 100, 2020, 1), None, "target_achieved", 5),
    "sign change, met": ((5, 2018, -1, 2019, 0.5, 2020, -1), None, "target_achieved", 5),
    "half a year apart": ((100, 2018, 105, 2018.5, 121, 2020, 1), None, "not_available", None),
    "years the wrong way": ((100, 2019, 105, 2018, 121, 2020, 1), None, "not_available", None),
    "both negative, up": (
        (-100, 2018, -90, 2019, -81, 2020, 1),
        1.0,
        "substantial_progress",
        7.1429 - 4.2857,
    ),
    "both negative, down": ((-100, 2018, -90, 2019, -121, 2020, -1), -1.0, "deterioration", -5.0),
    "target of the other sign": ((-10, 2018, -5, 2019, 10, 2020, 1), None, "not_available", None),
    "fell to nothing": ((10, 2018, 0, 2019, 20, 2020, 1), -1 / (2**0.5 - 1), "deterioration", -5.0),
    "no target, negative, rising": (
        (-100, 2018, -98, 2019, None, None, 1),
        0.02,
        "substantial_progress",
        5.0,
    ),
    "no target, one year": ((100, 2018, 100, 2018, None, None, 1, 100), None, "not_available", None),
    "no target, from zero, small limit": (
        (0, 2018, 0.00101, 2019, None, None, 1, 0.01),
        0.00101 / 0.001 - 1,
        "moderate_progress",
        250 * (0.00101 / 0.001 - 1) - 1.25,
    ),
    "no target, beyond twice the limit": (
        (300, 2018, 303, 2019, None, None, 1, 100),
        303 / 300 - 1,
        "moderate_progress",
        250 * (303 / 300 - 1) - 1.25,
    ),
    "no target, at its limit, falling": (
        (100, 2018, 99, 2019, None, None, 1, 100),
        -0.01,
        "deterioration",
        -3.75,
    ),
    "no current": ((100, 2018, None, None, 121, 2020, 1), None, "not_available", None),
    "zero target": ((10, 2018, 1, 2019, 0, 2021, -1), 0.9 / (1 - 1e-4 ** (1 / 3)), "moderate_progress", None),
    "no target, 2 %": ((100, 2018, 102, 2019, None, None, 1), 0.02, "substantial_progress", 5.0),
    "no target, 1 %": ((100, 2018, 101, 2019, None, None, 1), 0.01, "moderate_progress", 1.25),
    "no target, 0.4 %": ((100, 2018, 100.4, 2019, None, None, 1), 0.004, "limited_progress", -0.5),
    "no target, falling": ((100, 2018, 99, 2019, None, None, 1), -0.01, "deterioration", -3.75),
    "at its limit": ((100, 2018, 100, 2019, None, None, 1, 100), 0.0, "substantial_progress", 5),
}


@pytest.mark.parametrize("case", CAGR)
def test_cagr_by_hand(case: str) -> None:
    values, progress, status, points = CAGR[case]
    row = score("cagr", *values)
    if case == "zero target":
        points = 7.1429 * progress - 4.2857 if progress is not None else None
        assert "0.001" in row["note"]
    assert close(row["progress"], progress), row
    assert row["status"] == status
    assert close(row["score"], points), row


def test_cagr_with_a_limit_shrinks_the_bands_near_it() -> None:
    c = 1 - (80 / 100) ** 4.44
    row = score("cagr", 80, 2018, 80.8, 2019, None, None, 1, 100)
    assert close(row["progress"], 80.8 / 80 - 1)
    assert row["status"] == ("substantial_progress" if 0.015 * c <= 0.01 else "moderate_progress")


def test_series_of_one_indicator_share_a_mean_score() -> None:
    first = dict(zip(("id", *FIELDS), ("x", 100, 2018, 110, 2019, 121, 2020, 1), strict=False))
    rows = score_table([first, {**first, "current": 50}], "cagr")
    assert "2个序列" in rows[0]["note"] and "limited_progress" in rows[1]["note"]
    both = score_table([{**first, "current": 121}, {**first, "current": 130}], "cagr")
    assert "平均得分5.0，target_achieved" in both[0]["note"]


LINEAR: dict[str, tuple[Row, float | None, str, float | None, str]] = {
    "half way, half time": ((0, 2015, 50, 2017.5, 100, 2020, 1), 50, "green", 50, ""),
    "ten behind": ((0, 2015, 40, 2017.5, 100, 2020, 1), 40, "yellow", 40, ""),
    "thirty behind": ((0, 2015, 20, 2017.5, 100, 2020, 1), 20, "yellow", 20, ""),
    "more behind": ((0, 2015, 19.9, 2017.5, 100, 2020, 1), 19.9, "red", 19.9, ""),
    "met": ((0, 2015, 110, 2017, 100, 2020, 1), 110, "met", 100, ""),
    "past downward": ((20, 2015, 10, 2017, 14, 2020, -1), 1000 / 6, "met", 100, ""),
    "wrong way": ((20, 2015, 23, 2017, 14, 2020, -1), -50, "red", 0, ""),
    "no baseline": ((None, 2015, 50, 2017, 100, 2020, 1), None, "none", None, "缺基期"),
    "T = b, not met": ((100, 2015, 90, 2017, 100, 2020, 1), None, "none", None, "目标值等于基期值"),
    "T = b, met": ((100, 2015, 100, 2017, 100, 2020, 1), None, "met", None, "目标值等于基期值"),
    "no target": ((100, 2015, 90, 2017, None, 2020, 1), None, "none", None, "缺目标值"),
    "zero base": ((0, 2015, 25, 2020, 100, 2020, 1), 25, "red", 25, ""),
    "numbers too far apart": ((-1e308, 2015, 1e308, 2018, 1.7e308, 2020, 1), None, "none", None, "相差过大"),
    "numbers too far apart, met": (
        (-1e308, 2015, 1.7e308, 2018, 1.7e308, 2020, 1),
        None,
        "met",
        None,
        "相差过大",
    ),
    "no current year": ((0, 2015, 5, None, 100, 2020, 1), 5, "none", 5, "缺年份，不评灯"),
}


@pytest.mark.parametrize("case", LINEAR)
def test_linear(case: str) -> None:
    values, progress, status, points, note = LINEAR[case]
    row = score("linear", *values)
    assert close(row["progress"], progress) and close(row["score"], points), row
    assert row["status"] == status
    assert note in row["note"]


HEAD = "id,baseline,base_year,current,current_year,target,target_year,direction,limit\n"
BAD = {
    "第2行 current 列": HEAD + "a,1,2015,约3,2018,5,2020,1,\n",
    "第3行 target 列": HEAD + "a,1,2015,3,2018,5,2020,1,\nb,1,2015,3,2018,nan,2020,1,\n",
    "第2行 direction 列": HEAD + "a,1,2015,3,2018,5,2020,,\n",
    r"第3行 current 列：“3 x \[31m”": HEAD + 'a,1,2015,"3\nx\x1b[31m",2018,5,2020,1,\n',
    "第2行 target 列：“9{39}…”": HEAD + f"a,1,2015,3,2018,{'9' * 5000},2020,1,\n",
    "第1行的列重复：a b": HEAD.replace("limit", '"a\nb","a\nb"') + "a,1,2015,3,2018,5,2020,1,,\n",
    "第1行缺少列：target_year": HEAD.replace("target_year,", "") + "a,1,2015,3,2018,5,1,\n",
    "第2行有 3 格": HEAD + "a,1,2015\n",
    "第1行的列重复：id": HEAD.replace("limit", "id") + "a,1,2015,3,2018,5,2020,1,\n",
    "文件是空的": "\n",
}


@pytest.mark.parametrize("message", BAD)
def test_bad_table_is_refused_by_line_and_column(tmp_path: Path, message: str) -> None:
    table = tmp_path / "bad.csv"
    table.write_text(BAD[message], "utf-8")
    with pytest.raises(TableError, match=message) as caught:
        score_file(table, "linear")
    assert "\n" not in str(caught.value)


def test_columns_of_the_table_are_kept_and_gb18030_is_read(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes((HEAD.strip() + ",备注\n甲,0,2015,50,2018,100,2020,up,,好\n").encode("gb18030"))
    row = next(csv.DictReader(io.StringIO(score_file(table, "linear"))))
    assert (row["id"], row["备注"], row["progress"], row["status"]) == ("甲", "好", "50.0", "yellow")


@pytest.mark.parametrize(
    ("base", "current", "target", "direction", "told"),
    [
        ("0", "0.57", "1", "1", "57.0"),  # 100 * 0.57 is 56.99999999999999
        ("0.1", "0.3", "0.9", "1", "25.0"),
        ("100.1", "100.3", "100.9", "1", "25.0"),
        ("100", "100", "50", "-1", "0.0"),  # 100 * 0 / -50 is -0.0
        ("0", "1", "3", "1", "33.333333333333"),
    ],
)
def test_no_noise_of_doubles_is_written(
    tmp_path: Path, base: str, current: str, target: str, direction: str, told: str
) -> None:
    table = tmp_path / "table.csv"
    table.write_text(HEAD + f"a,{base},2015,{current},2018,{target},2020,{direction},\n", "utf-8")
    row = next(csv.DictReader(io.StringIO(score_file(table, "linear"))))
    assert (row["progress"], row["score"]) == (told, told)


def test_an_empty_table_has_no_results() -> None:
    assert score_table([], "cagr") == []


EDGES: dict[str, tuple[Row, float | None, str, float | None]] = {
    "no target, no limit, downward": ((100, 2018, 98, 2019, None, None, -1), 0.02, "substantial_progress", 5.0),
    "downward with a limit far below": ((100, 2018, 98, 2019, None, None, -1, 10), 0.02, "substantial_progress", 5.0),
    "zero base": ((0, 2018, 0.002, 2019, 0.004, 2020, 1), 1.0, "substantial_progress", 7.1429 - 4.2857),
    "zero base standing at zero": ((0, 2018, 0, 2019, 1, 2020, 1), -1 / (1000**0.5 - 1), "deterioration", None),
    "zero target met": ((10, 2018, 0, 2019, 0, 2020, -1), 1 / (1 - 1e-4**0.5), "target_achieved", 5),
    "zero base and target": ((0, 2018, 3, 2019, 0, 2020, -1), None, "target_achieved", 5),
    "negative, upward": ((-100, 2018, -90, 2019, -81, 2020, 1), 1.0, "substantial_progress", 7.1429 - 4.2857),
    "negative, worse": ((-100, 2018, -110, 2019, -81, 2020, 1), -1.0, "deterioration", -5.0),
    "base is target, one year": ((100, 2018, 100, 2018, 100, 2020, 1), None, "target_achieved", 5),
    "target year is base year": ((100, 2018, 110, 2019, 121, 2018, 1), None, "not_available", None),
    "met, target year is base year": ((100, 2018, 130, 2019, 121, 2018, 1), None, "target_achieved", 5),
    "met already at the base": ((130, 2018, 125, 2019, 121, 2020, 1), None, "target_achieved", 5),
    "backwards in time": ((100, 2019, 110, 2018, 121, 2020, 1), None, "not_available", None),
    "numbers too far apart": ((1e300, 2018, 1, 2019, 1e-300, 2020, -1), None, "not_available", None),
    "numbers too far apart, met": ((1e-300, 2018, 1e300, 2019, 2, 2020, 1), None, "target_achieved", 5),
    "target too far from the base": ((1e-300, 2018, 1, 2019, 1e300, 2020, 1), None, "not_available", None),
    "target too near the base": ((1, 2015, 1.5, 2030, 1.0000000000000002, 2030, -1), None, "not_available", None),
    "growth without a target too large": ((1e-300, 2018, 1e300, 2019, None, None, 1), None, "not_available", None),
    "no years": ((100, None, 110, None, 121, None, 1), None, "not_available", None),
}  # fmt: skip


@pytest.mark.parametrize("case", EDGES)
def test_cagr_at_its_edges(case: str) -> None:
    values, progress, status, points = EDGES[case]
    row = score("cagr", *values)
    assert row["status"] == status
    if case != "met already at the base":
        assert close(row["progress"], progress), row
    if points is not None or status == "not_available":
        assert close(row["score"], points), row
    assert status != "not_available" or row["note"], "a refusal says why"
    assert "too" not in case or "相差过大或过小" in row["note"]


def test_a_missing_year_is_not_told_as_a_missing_value() -> None:
    for years in ((None, 2019), (2018, None)):
        row = score("cagr", 100, years[0], 110, years[1], 121, 2020, 1)
        assert (row["status"], row["note"]) == ("not_available", "缺基期或现值的年份")
    assert score("cagr", None, 2018, 110, 2019, 121, 2020, 1)["note"] == "缺基期或现值"


def test_columns_in_any_order_by_either_name_keep_what_is_not_theirs(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "limit,Region,target_year,target,base_value,current_year,current_value,direction,base_year,ID\n"
        "null,NWT,2020,1.21e-1,1e-1,2019.0,.11,1.0,2018,a\n,,2020,null,100,2019,98,\u22121,2018,b\n",
        "utf-8",
    )
    found = list(csv.DictReader(io.StringIO(score_file(table, "cagr"))))
    assert [r["status"] for r in found] == ["substantial_progress", "substantial_progress"]
    assert (
        close(float(found[0]["progress"]), 1.0)
        and found[0]["Region"] == "NWT"
        and found[0]["base_value"] == "1e-1"
    )


def test_an_output_is_scored_again_and_a_column_of_its_own_name_is_kept(tmp_path: Path) -> None:
    head, row = ",".join(REQUIRED), "a,100,2015,150,2019,200,2020,1"
    table = tmp_path / "表.csv"

    def scored(text: str, method: str = "linear") -> str:
        table.write_text(text, "utf-8")
        return score_file(table, method)

    once = scored(f"{head}\n{row}\n")
    assert scored(once) == once
    corrected = scored(once.replace("150", "175").replace("green", "x"))
    assert corrected == scored(f"{head}\n{row.replace('150', '175')}\n")
    theirs = scored(f"note,{head},status\n自己的话,{row},ok\n")
    (told,) = csv.DictReader(io.StringIO(theirs))
    (plain,) = csv.DictReader(io.StringIO(once))
    assert (told["note"], told["status"]) == ("自己的话", "ok")
    assert {n: told[f"attain_{n}" if n in ("note", "status") else n] for n in RESULT} == {
        n: plain[n] for n in RESULT
    }
    assert scored(theirs) == theirs


def test_two_columns_of_one_meaning_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("id,baseline,base_value\na,1,2\n", "utf-8")
    with pytest.raises(TableError, match="含义重复"):
        score_file(table, "cagr")
