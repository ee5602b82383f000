"""``jibao explain``: one figure of the 通报 back to formula, inputs, files and cells, in Chinese and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from config.register import Config
from flows.answers.wording import formulas, plain
from templates import formats
from warehouse import lineage


class NothingToExplain(LookupError):
    """The figure does not exist; the message says in Chinese what is missing."""


def explain_document(
    reader: lineage.Rows,
    config: Config,
    period: str,
    indicator: str,
    unit: str | None = None,
    site: Path | None = None,
) -> dict[str, Any]:
    """What the figure of ``indicator`` in ``period`` was made of, ready for JSON.

    :param unit: code, name or alias of a unit; None for the city
    :param site: HOME/site; ``page`` is where the figure stands in it, None where no written page has it
    :raises NothingToExplain: unknown indicator or unit, or no such figure in the last assessment
    """
    code = _unit_code(config, unit)
    names = {i.code: i.name for i in config.plan.indicators}
    found = lineage.trace(reader, period, indicator, code)
    if found is None:
        if indicator not in names:
            raise NothingToExplain(f"没有指标 {indicator}；可用 jibao plan 查看指标编码")
        of = f"{unit} 的" if unit else ""
        hint = (
            "；该指标只评价全市，去掉 --unit 再试" if code else f"；请先运行 jibao report --period {period}"
        )
        raise NothingToExplain(f"{period} 没有{of}指标 {indicator}（{names[indicator]}）的测算结果{hint}")
    figure, lights = found["figure"], config.settings.lights
    parts = found["parts"]
    document = {
        "period": period,
        "indicator": {k: figure[k] for k in ("indicator", "name", "clause", "definition", "unit_label", "measure",
                                             "accumulation", "direction", "rollup")},
        "unit": {"unit": figure["unit"], "name": figure["unit_name"], "scope": figure["scope"]},
        "target": {k: figure[k] for k in ("target_kind", "target_low", "target_high", "strict", "aspirational", "wording")},
        "baseline": {"value": figure["baseline"], "period": figure["baseline_period"]},
        "register": {"plan_hash": figure["plan_hash"], "since": figure["register_since"], "reason": figure["register_reason"]},
        "result": {k: figure[k] for k in (
            "as_of", "actual", "coverage", "attainment_pct", "met", "progress_pct", "expected_pct", "gap_pp", "light",
            "required_per_quarter", "projected_2020", "projected_low", "projected_high", "note", "input_hash")},
        "thresholds": {"yellow_gap_pp": lights.yellow_gap_pp, "red_gap_pp": lights.red_gap_pp},
        "milestones": {str(k): v for k, v in found["milestones"].items()},
        "formulas": formulas(figure, parts, found["milestones"], (lights.yellow_gap_pp, lights.red_gap_pp)),
        "parts": parts,
        "page": site and _page(site, figure),
    }  # fmt: skip
    return _jsonable(document)  # type: ignore[no-any-return]


def explain_lines(document: Mapping[str, Any]) -> list[str]:
    """The same for reading."""
    indicator, target, result = document["indicator"], document["target"], document["result"]
    light = formats.light(result["light"])
    base = document["baseline"]
    lines = [
        f"{indicator['indicator']} {indicator['name']}({indicator['unit_label']}) {document['unit']['name']} {document['period']}",
        f"测算时点：{result['as_of']}（登记册自 {document['register']['since']} 起，{document['register']['reason']}）",
        f"目标：{target['wording']}（出处：{indicator['clause']}）"
        + ("；力争目标" if target["aspirational"] else ""),
        f"基期：{base['period']} " + ("缺" if base["value"] is None else plain(base["value"])),
        f"结论：{light.symbol} {light.label}" + (f"；{result['note']}" if result["note"] else ""),
        f"页面：{document['page'] or '尚未生成，请运行 jibao report --period ' + document['period']}",
        "算式：",
        *(f"  {f['name']}:{f['text']}" for f in document["formulas"]),
        f"数据来源（覆盖 {result['coverage'] or '—'}）：",
    ]
    for part in document["parts"]:
        lines += _part_lines(part)
    return lines


def _part_lines(part: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {part['unit_name']}" + ("" if part["inputs"] else "：本季未报送")
    for entry in part["inputs"]:
        mark = "采用" if entry["counts"] else ("测算后才收到" if not entry["is_known"] else "已被更正")
        yield f"    第{entry['revision']}次 {_value(entry)}（{mark}；{entry['reason']}；入库 {entry['recorded_at']}）"
        yield (
            f"      收件号 {entry['receipt_no'] or '—'} 文件 {entry['file_name'] or '—'}"
            f" {entry['sheet'] or ''}!{entry['cell'] or ''}"
        )
        yield f"      sha256 {entry['sha256'] or '—'}"
        if entry["remark"]:
            yield f"      说明：{entry['remark']}"
        for f in entry["findings"]:
            yield f"      校验 {formats.severity(f['severity'])} {f['rule']} {f['cell'] or ''}:{f['message']}"
        if not entry["findings"]:
            yield "      校验：没有问题"
    counted = [e for e in part["earlier"] if e["counts"]]
    if counted:
        yield "    以前各季：" + "、".join(f"{e['period']} {_value(e)}" for e in counted)


def _value(entry: Mapping[str, Any]) -> str:
    if entry["status"] == "nil":
        return "零报告"
    text = entry["state"] or plain(entry["value"])
    if entry["numerator"] is not None or entry["denominator"] is not None:
        text += f"（分子 {plain(entry['numerator'])}，分母 {plain(entry['denominator'])}）"
    return text


def _page(site: Path, figure: Mapping[str, Any]) -> str | None:
    """``site/indicators/I-01.html#2019-Q3``, only if the page is there and has the row; the row carries the anchor."""
    period, unit, item = figure["period"], figure["unit"], figure["indicator"]
    rows = [  # (page, anchor, how its row begins in the page)
        (f"indicators/{item}.html", period, f'id="{period}" data-period="{period}" data-unit="{unit}"'),
        (f"indicators/{item}.html", f"city-{period}-{unit}", f'id="city-{period}-{unit}"'),
    ]
    if figure["scope"] == "unit":
        rows = [(f"units/{unit}_{period}.html", f"own-{item}", f'id="own-{item}"')]
    for name, anchor, row in rows:
        try:
            if row in (site / name).read_text("utf-8"):
                return f"{site.name}/{name}#{anchor}"
        except FileNotFoundError:
            continue
    return None


def _unit_code(config: Config, unit: str | None) -> str | None:
    if not unit or unit in (config.plan.city, config.plan.city_name):
        return None
    known = config.find_unit(unit)
    if known is None and any(u.city == unit for u in config.units):
        return unit  # another city of the plan, which need not report anything itself
    if known is None:
        raise NothingToExplain(f"没有单位 {unit}")
    return known.code


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {k: _jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(v) for v in value]
    return value
