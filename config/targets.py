"""Targets of single units: few in plan.yml, thousands in targets.csv, each with its place for messages.

Belongs here: reading and checking unit targets. Does not: the plan's own targets (consistency).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from sys import intern

from pydantic import ValidationError

from config import consistency, yamlfile
from config.plan import Plan, UnitTarget
from config.units import ReportingUnit
from config.yamlfile import ConfigError, Document, Folder

_COLUMNS = tuple(UnitTarget.model_fields)


@dataclass(frozen=True)
class _Placed:
    target: UnitTarget
    fault: Callable[[str], ConfigError]  # makes the error at the place where the target is written


def unit_targets(
    folders: Sequence[Folder], plan_doc: Document, plan: Plan, units: Sequence[ReportingUnit]
) -> tuple[UnitTarget, ...]:
    """The unit targets of plan.yml, then those of targets.csv, checked against the plan and the units.

    :raises ConfigError: ``file:line: reason`` of the first mistake
    """
    placed = [
        _Placed(t, partial(plan_doc.error, ("unit_targets", n))) for n, t in enumerate(plan.unit_targets)
    ]
    placed += _from_csv(folders)
    indicators = {i.code: i for i in plan.indicators}
    # A plan may span several cities; targets of a whole city go by the city's code.
    known = {u.code for u in units} | {plan.city} | {u.city for u in units if u.city}
    seen: set[tuple[str, str]] = set()
    for p in placed:
        t = p.target
        what = f"单位目标 {t.indicator}/{t.unit}"
        indicator = indicators.get(t.indicator)
        if indicator is None:
            raise p.fault(f"{what}：指标不存在")
        if t.unit not in known:
            raise p.fault(f"{what}：单位不存在")
        if (t.indicator, t.unit) in seen:
            raise p.fault(f"{what}：写了两次")
        seen.add((t.indicator, t.unit))
        wrong = consistency.wrong_numbers(indicator, t.low, t.high)
        if wrong is not None:
            raise p.fault(f"{what}:{wrong[1]}")
    return tuple(p.target for p in placed)


def _from_csv(folders: Sequence[Folder]) -> Iterator[_Placed]:
    """targets.csv: a header of ``indicator,unit,low,high,baseline``, an empty cell for no number."""
    file = yamlfile.find(folders, "targets.csv")
    if file is None:
        return
    rows = csv.reader(yamlfile.text_of(file).splitlines(keepends=True), strict=True)
    fault = partial(_fault, file, 1)
    shared: dict[tuple[str, ...], set[str]] = {}
    validate = UnitTarget.__pydantic_validator__.validate_python  # model_validate's own work, 80,000 times
    try:
        header = [name.strip() for name in next(rows, [])]
        if not {"indicator", "unit"} <= set(header) <= set(_COLUMNS) or len(set(header)) < len(header):
            raise fault(f"表头应为 {','.join(_COLUMNS)} 中的若干列，indicator 和 unit 必有")
        for row in rows:
            fault = partial(_fault, file, rows.line_num)
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if len(cells) > len(header):
                raise fault(f"有 {len(cells)} 格，表头只有 {len(header)} 列")
            filled = {name: _value(name, cell) for name, cell in zip(header, cells, strict=False) if cell}
            try:
                target = validate(filled)
            except ValidationError as error:
                raise fault(yamlfile.explain(error)[1]) from error
            # Which columns were filled is the same for thousands of rows, and one more set each: 17 MB of 80,000.
            object.__setattr__(
                target, "__pydantic_fields_set__", shared.setdefault(tuple(filled), target.model_fields_set)
            )
            yield _Placed(target, fault)
    except csv.Error as error:
        raise _fault(file, max(rows.line_num, 1), f"CSV 写法有误（{error}）") from error


def _value(name: str, cell: str) -> str | float:
    try:
        return intern(cell) if name in ("indicator", "unit") else float(cell)
    except ValueError:
        return cell  # told as not a number by the model


def _fault(file: Folder, line: int, reason: str) -> ConfigError:
    return ConfigError(f"{file}:{line}: {reason}")
