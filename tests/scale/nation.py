"""A nation in small or large: cities of units that all report the same indicators, and one upload a unit.

Everything follows from the numbers of the units, so that two runs read the same bytes. About one file in nine has
something wrong with it.
"""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from xlsxwriter import Workbook

PERIOD, PREVIOUS = "2020-Q2", "2020-Q1"
AS_OF, OPENED, EARLIER = "2020-07-10T10:00", "2020-07-01T08:00", "2020-04-10T09:00"
CITY_UNITS = 50
HEADER = (
    "指标编码", "指标名称", "计量单位", "口径", "2020目标", "上期值", "本期值", "分子", "分母", "零报告", "说明",
)  # fmt: skip


def code(unit: int) -> str:
    return f"U{unit:05d}"


def write_config(folder: Path, units: int, indicators: int = 20) -> None:
    """Plan, units, contacts and settings for ``units`` units."""
    folder.mkdir(parents=True)
    codes = [code(u) for u in range(units)]
    plan = {
        "plan_id": "nation", "name": "全国样例", "source": "test", "city": "C000", "city_name": "全国",
        "domains": [{"code": "D-01", "name": "领域一", "clause": "一"}], "actions": [], "safeguards": [],
        "indicators": [
            {
                "code": f"I-{i:02d}", "name": f"指标{i:02d}", "clause": "一", "domain": "D-01",
                "measure": "percent" if i % 4 == 3 else "amount", "unit_label": "%" if i % 4 == 3 else "亿元",
                "definition": "口径", "accumulation": "ytd" if i % 4 == 1 else "level", "direction": "up", "scope": "city",
                "rollup": "ratio" if i % 4 == 3 else "sum", "needs_parts": i % 4 == 3, "reporters": codes, "baseline": 1.0,
                "target": {"kind": "at_least", "low": 80.0, "wording": "达到80"},
            }
            for i in range(indicators)
        ],
    }  # fmt: skip
    people = {c: {"clerk": {"name": "填报员", "mail": f"{c.lower()}@nation.example"}} for c in codes}
    contacts = {"coordinator": {"name": "统筹", "mail": "t@nation.example"}, "units": people}
    entries = [
        {"code": c, "name": f"第{u}单位", "kind": "county", "city": f"C{u // CITY_UNITS:03d}"}
        for u, c in enumerate(codes)
    ]
    packaged = Path(__file__).parents[2] / "config"
    settings = yaml.safe_load((packaged / "settings.yml").read_text("utf-8"))
    settings["intake"]["settle_seconds"] = 0
    for name, content in (
        ("plan", plan),
        ("units", {"units": entries}),
        ("contacts", contacts),
        ("settings", settings),
    ):
        (folder / f"{name}.yml").write_text(json.dumps(content, ensure_ascii=False), "utf-8")  # JSON is YAML


def write_inbox(inbox: Path, units: int, indicators: int = 20) -> None:
    """One file a unit: four in five a workbook, the fifth a CSV."""
    then = time.time() - 60
    for u in range(units):
        folder = inbox / code(u)
        folder.mkdir(parents=True)
        path = folder / f"{code(u)}_{PERIOD}.{'csv' if u % 5 == 4 else 'xlsx'}"
        path.write_bytes(upload(u, indicators))
        os.utime(path, (then, then))


def upload(unit: int, indicators: int = 20, version: int = 0) -> bytes:
    """The file of one unit; another ``version`` corrects one figure."""
    lines = list(_lines(unit, indicators, version))
    if unit % 5 == 4:
        text = io.StringIO()
        csv.writer(text).writerows([*line, *[""] * (11 - len(line))] for line in lines)
        return text.getvalue().encode("gb18030")
    body = io.BytesIO()
    book = Workbook(body, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False})
    sheet = book.add_worksheet("填报表")
    for r, line in enumerate(lines):
        for c, value in enumerate(line):
            if value not in ("", None):
                sheet.write(r, c, value)
    book.close()
    return body.getvalue()[: -200 if unit % 211 == 210 else None]


def _lines(unit: int, indicators: int, version: int) -> Iterator[list[Any]]:
    yield ["报送表"]
    yield ["填报单位", f"第{unit}单位", "单位编码", code(unit), "报告期", PERIOD]
    yield []
    yield list(HEADER)
    fault = unit % 18
    shown = [i for i in range(indicators) if not (fault == 7 and i == 2)]
    for i in shown:
        value: Any = figure(unit, i, 1) + version * (i == 0)
        parts: list[Any] = ["", ""]
        if i % 4 == 3:
            parts = [value, 100]
        if fault == 3 and i == 1:
            value = "约1000"
        if fault == 11 and i == 3:
            parts = [value + 30, 100]
        yield [
            f"I-{i:02d}", f"指标{i:02d}", "%" if i % 4 == 3 else "亿元", "口径", "", "", value, *parts, "", "",
        ]  # fmt: skip
    yield ["填报行数", len(shown)]


def figure(unit: int, indicator: int, quarter: int) -> float:
    """What unit and indicator stand at, one quarter after the other; a year's total grows."""
    base = 10 + (unit * 7 + indicator * 13) % 40
    return float(base + 5 * quarter)
