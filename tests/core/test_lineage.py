"""``jibao explain``: every figure leads back to its formula, revisions, files, cells and findings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from attainment_office import CITY, Office, moment

from flows.answers.explain import NothingToExplain, explain_document, explain_lines
from flows.office import open_office
from warehouse import lineage
from warehouse.store import Store

PERIOD = "2019-Q3"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Store(tmp_path / "warehouse.duckdb") as store:
        yield Office(store)


def explain(
    office: Office, tmp_path: Path, indicator: str, unit: str | None = None
) -> tuple[dict[str, Any], str]:
    config = open_office(tmp_path / "home").config
    document = explain_document(office.store, config, PERIOD, indicator, unit)
    return json.loads(json.dumps(document, ensure_ascii=False)), "\n".join(explain_lines(document))


def receive(office: Office, sid: str, name: str) -> None:
    columns = (
        "submission_id", "receipt_no", "unit", "period", "received_at", "file_name", "sha256", "size_bytes", "file_kind",
    )  # fmt: skip
    office.store.append(
        "submission", columns, [(sid, f"R-{sid}", "U1", PERIOD, moment(2), name, "ab" * 32, 9, "xlsx")]
    )


def test_a_figure_leads_to_its_file_cell_and_finding(office: Office, tmp_path: Path) -> None:
    office.define("I", "at_least", low=100, baseline=20, strict=True)
    office.register()
    office.report("I", 40)
    office.report("I", 60, at=moment(3))
    office.compute()
    office.report("I", 70, at=moment(25))
    receive(office, "s", "一季报.xlsx")
    columns = (
        "submission_id",
        "run_id",
        "unit",
        "period",
        "severity",
        "rule",
        "sheet",
        "cell",
        "indicator",
        "items",
        "message",
    )
    office.store.append(
        "finding",
        columns,
        [("s", "r", "U1", PERIOD, "warning", "W1", "填报表", "G5", "I", ["I"], "比上季多")],
    )
    document, text = explain(office, tmp_path, "I")
    inputs = document["parts"][0]["inputs"]
    assert [(i["value"], i["counts"], i["is_known"]) for i in inputs] == [
        (40, False, True),
        (60, True, True),
        (70, False, False),
    ]
    assert inputs[1]["receipt_no"] == "R-s" and inputs[1]["file_name"] == "一季报.xlsx"
    assert inputs[1]["findings"][0]["message"] == "比上季多"
    for part in ("60 ÷ 100 × 100 = 60%", "(60 − 20) ÷ (100 − 20) × 100 = 50%", "15 ÷ 20 × 100 = 75%", "> 100",
                 "75 − 50 = 25 个百分点，滞后", "R-s", "ab" * 32, "比上季多", "测算后才收到", "已被更正"):  # fmt: skip
        assert part in text, part


def test_a_roll_up_names_every_reporter_and_who_is_missing(office: Office, tmp_path: Path) -> None:
    office.define("R", "at_least", ("U1", "U2", "U3"), low=80, baseline=10, measure="percent", rollup="ratio")
    office.register()
    office.report("R", 50.0, unit="U1", numerator=1, denominator=2)
    office.report("R", 75.0, unit="U2", numerator=6, denominator=8)
    office.compute()
    document, text = explain(office, tmp_path, "R")
    assert document["result"]["coverage"] == "2/3" and document["result"]["actual"] == 70
    assert [p["unit"] for p in document["parts"]] == ["U1", "U2", "U3"]
    assert "100 × (1+6) ÷ (2+8) = 70" in text and "U3：本季未报送" in text


def test_another_city_of_the_plan_is_not_told_as_the_first(office: Office, tmp_path: Path) -> None:
    office.cities["U2"] = "445200"
    office.define("I", "at_least", ("U1", "U2"), low=100, baseline=0)
    office.register()
    office.report("I", 60.0, unit="U1")
    office.report("I", 70.0, unit="U2")
    office.compute()
    config = open_office(tmp_path / "home").config
    spanning = replace(
        config, units=(*config.units[:-1], config.units[-1].model_copy(update={"city": "445200"}))
    )
    for asked, name, value in ((None, "梅州市", 60), (CITY, "梅州市", 60), ("445200", "445200", 70)):
        document = explain_document(office.store, spanning, PERIOD, "I", asked)
        assert (document["unit"]["name"], document["result"]["actual"]) == (name, value)
    with pytest.raises(NothingToExplain, match="没有单位"):
        explain_document(office.store, config, PERIOD, "I", "445200")


@pytest.mark.parametrize(
    ("period", "accumulation", "how"),
    [
        ("2019-Q3", "level", "8 亿元（剩余差距 ÷ 剩余季度数）"),
        ("2019-Q3", "ytd", "20 亿元（本年应达值的差额 ÷ 本年剩余季度数）"),  # 80 due at the year's end
        ("2019-Q4", "ytd", "25 亿元（下一年应达值 ÷ 4）"),
        ("2019-A1", "ytd", "100 亿元（下一年应达值）"),
    ],
)
def test_what_is_still_required_is_explained_as_it_was_computed(
    office: Office, tmp_path: Path, period: str, accumulation: str, how: str
) -> None:
    office.define("I", "at_least", low=100, baseline=0, accumulation=accumulation)
    office.register()
    office.report("I", 60.0, period=period)
    office.compute(period)
    document = explain_document(office.store, open_office(tmp_path / "home").config, period, "I", None)
    (text,) = (f["text"] for f in document["formulas"] if f["name"].startswith("今后每"))
    assert text == how


def test_a_pace_below_nothing_early_in_a_year_is_explained(office: Office, tmp_path: Path) -> None:
    """The example of docs/method.md: a quarter's total beside a baseline that is a whole year's."""
    office.define("I", "at_least", low=200, baseline=100, accumulation="ytd")
    office.register()
    for period, value in (("2019-Q1", 50.0), ("2019-Q3", 140.0)):
        office.report("I", value, period=period)
        office.compute(period)
    config = open_office(tmp_path / "home").config
    told = {}
    for period in ("2019-Q1", "2019-Q3"):
        document = explain_document(office.store, config, period, "I", None)
        told[period] = {f["name"]: f["text"] for f in document["formulas"]}
    assert told["2019-Q1"]["序时进度"].endswith("= -55%；年内累计还低于基期的全年值，故为负，进度同理")
    assert told["2019-Q1"]["进度"].endswith("= -50%")
    assert "-55 − -50 = -5 个百分点，正常" in told["2019-Q1"]["差距与亮灯"]
    assert "故为负" not in told["2019-Q3"]["序时进度"]


KINDS: dict[str, dict[str, Any]] = {
    "at_most": {"high": 14.5, "baseline": 18.0},
    "range": {"low": 1, "high": 2, "baseline": 0},
    "reduction": {"low": 16, "baseline": 100.0},
    "full_coverage": {"baseline": 0.0},
    "milestone": {"measure": "state"},
    "unspecified": {},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_explained(office: Office, tmp_path: Path, kind: str) -> None:
    office.define("I", kind, **KINDS[kind])
    office.register()
    office.report("I", None if kind == "milestone" else 1.0, state="推进中" if kind == "milestone" else None)
    office.compute()
    document, text = explain(office, tmp_path, "I")
    assert document["formulas"][0]["text"] and "判定" in text
    assert "None" not in text and "nan" not in text


def test_what_does_not_exist_is_said(office: Office, tmp_path: Path) -> None:
    office.define("I", "at_least", low=100)
    office.register()
    office.compute()
    with pytest.raises(NothingToExplain, match="没有指标 X-1"):
        explain(office, tmp_path, "X-1")
    with pytest.raises(NothingToExplain, match="没有单位"):
        explain(office, tmp_path, "I", "不存在的局")
    assert lineage.trace(office.store, "2019-Q2", "I") is None
    assert lineage.trace(office.store, PERIOD, "I", CITY) is not None
