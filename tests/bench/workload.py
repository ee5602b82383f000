"""Rewrites the benchmark kit's workload into an office of ours: its plan as ``--config``, its uploads in our layout.

The kit's cells and faults are kept. Its cycle is played as 2020-Q2 with last period's values as 2020-Q1, so that a
cumulative value that falls is an error for us too.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import openpyxl  # noqa: F401  (fails early where the dev group is missing)
import yaml
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

PERIOD, PREVIOUS = "2020-Q2", "2020-Q1"
HEADER = (
    "指标编码",
    "指标名称",
    "计量单位",
    "口径",
    "2020目标",
    "上期值",
    "本期值",
    "分子",
    "分母",
    "零报告",
    "说明",
)
_MEASURE = {"count": "amount", "amount": "amount", "ratio": "percent", "index": "amount"}
_CITY = "C000"


def convert(kit_input: Path, out: Path) -> None:
    """``out/config`` and ``out/inbox`` from ``kit_input`` (the kit's ``w/N/in``); ``out/prior.csv`` for last quarter."""
    tables = {
        n: _rows(kit_input / "config" / f"{n}.csv")
        for n in ("indicators", "units", "assignments", "city_targets")
    }
    config = out / "config"
    config.mkdir(parents=True)
    _write_plan(config, tables)
    _write_units(config, tables["units"])
    _write_targets(config, tables)
    with (out / "prior.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["unit", "item", "value"])
        writer.writerows((a["unit_id"], a["code"], a["prior_value"]) for a in tables["assignments"])
    _write_uploads(kit_input / "uploads", out / "inbox")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write_plan(config: Path, tables: dict[str, list[dict[str, str]]]) -> None:
    reporters: dict[str, list[str]] = defaultdict(list)
    for a in tables["assignments"]:
        reporters[a["code"]].append(a["unit_id"])
    domains = list(dict.fromkeys(i["domain"] for i in tables["indicators"]))
    codes = {name: f"D-{n:02d}" for n, name in enumerate(domains, 1)}
    indicators = []
    for i in tables["indicators"]:
        down = i["direction"] == "down"
        indicators.append({
            "code": i["code"], "name": i["name"], "clause": "bench", "domain": codes[i["domain"]],
            "measure": _MEASURE[i["kind"]], "unit_label": i["unit"], "definition": i["basis"],
            "accumulation": "ytd" if i["basis"] == "累计" else "level", "direction": i["direction"], "scope": "unit",
            "rollup": {"sum": "sum", "mean": "mean", "ratio": "ratio"}[i["agg"]], "needs_parts": i["kind"] == "ratio",
            "reporters": reporters[i["code"]], "baseline": float(i["baseline"]),
            "lower_limit": float(i["lo"]), "upper_limit": float(i["hi"]),
            "target": {"kind": "at_most" if down else "at_least", "high" if down else "low": float(i["target"]), "wording": i["target"]},
        })  # fmt: skip
    plan = {
        "plan_id": "bench", "name": "bench", "source": "bench", "city": _CITY, "city_name": "bench",
        "domains": [{"code": c, "name": n, "clause": "bench"} for n, c in codes.items()],
        "actions": [], "safeguards": [], "indicators": indicators,
    }  # fmt: skip
    (config / "plan.yml").write_text(json.dumps(plan, ensure_ascii=False), "utf-8")  # JSON is YAML


def _write_units(config: Path, units: list[dict[str, str]]) -> None:
    entries = [
        {"code": u["unit_id"], "name": u["unit_name"], "kind": u["kind"], "city": u["city"]} for u in units
    ]
    people = {u["unit_id"]: {"clerk": {"name": "填报员", "mail": u["mail"]}} for u in units}
    (config / "units.yml").write_text(json.dumps({"units": entries}, ensure_ascii=False), "utf-8")
    contacts = {"coordinator": {"name": "统筹", "mail": "t@example.invalid"}, "units": people}
    (config / "contacts.yml").write_text(json.dumps(contacts, ensure_ascii=False), "utf-8")
    packaged = Path(__file__).parents[2] / "config"
    settings = yaml.safe_load((packaged / "settings.yml").read_text("utf-8"))
    settings["intake"]["settle_seconds"] = 0
    (config / "settings.yml").write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")


def _write_targets(config: Path, tables: dict[str, list[dict[str, str]]]) -> None:
    down = {i["code"] for i in tables["indicators"] if i["direction"] == "down"}
    with (config / "targets.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["indicator", "unit", "low", "high", "baseline"])
        for key, rows in (("unit_id", tables["assignments"]), ("city", tables["city_targets"])):
            for r in rows:
                low, high = ("", r["target"]) if r["code"] in down else (r["target"], "")
                writer.writerow([r["code"], r[key], low, high, r["baseline"]])


def _write_uploads(uploads: Path, inbox: Path) -> None:
    then = time.time() - 60
    for source in sorted(uploads.iterdir()):
        unit = source.name.split("_", 1)[0]
        target = inbox / unit / (f"{unit}_{PERIOD}{source.suffix}")
        target.parent.mkdir(parents=True)
        grid = _grid(source)
        if grid is None:
            target.write_bytes(source.read_bytes())  # the kit's own half of a file
        elif source.suffix == ".csv":
            _write_csv(target, _layout(grid))
        else:
            _write_xlsx(target, _layout(grid))
        os.utime(target, (then, then))


def _grid(source: Path) -> list[list[Any]] | None:
    if source.suffix == ".csv":
        with source.open(encoding="gbk", newline="") as file:
            return list(csv.reader(file))
    try:
        return CalamineWorkbook.from_path(str(source)).get_sheet_by_index(0).to_python()
    except Exception:
        return None


def _layout(grid: list[list[Any]]) -> list[list[Any]]:
    """Our 填报表 with the same cells: title, identity, blank, header, rows, end row."""
    head = next(n for n, line in enumerate(grid) if line[0] == "指标编码")
    wrong_period = grid[2][1] != "2020年第1季度"
    rows = []
    for line in grid[head + 1 :]:
        if not any(c not in ("", None) for c in line):
            break
        code, name, measure, basis, value, numerator, denominator, note = line[:8]
        rows.append([code, name, measure, basis, "", "", value, numerator, denominator, "", note])
    period = "2019-Q4" if wrong_period else PERIOD
    top = [["bench"], ["填报单位", grid[1][1], "单位编码", grid[1][3], "报告期", period], [], list(HEADER)]
    return [*top, *rows, ["填报行数", len(rows)]]


def _write_csv(target: Path, lines: list[list[Any]]) -> None:
    with target.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([*line, *[""] * (11 - len(line))] for line in lines)


def _write_xlsx(target: Path, lines: list[list[Any]]) -> None:
    book = Workbook(
        str(target), {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    )
    cell = book.add_format({"border": 1, "font_name": "宋体"})
    sheet = book.add_worksheet("填报表")
    for r, line in enumerate(lines):
        for c, value in enumerate(line):
            if isinstance(value, (int, float)):
                sheet.write_number(r, c, value, cell)
            elif value not in ("", None):
                sheet.write_string(r, c, str(value), cell)
    book.close()
