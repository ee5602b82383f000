"""What the SDMX-CSV files mean, as an SDMX-ML 3.0 structure message: codelists, concepts, two dataflows.

Belongs here: the register in SDMX's own terms. Does not: the rows (warehouse/sql/query/export_sdmx_*.sql), whose
columns are these components in this order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pysdmx.io import write_sdmx
from pysdmx.io.format import Format
from pysdmx.model import (
    Agency,
    Code,
    Codelist,
    Component,
    Components,
    Concept,
    ConceptScheme,
    Dataflow,
    DataStructureDefinition,
    DataType,
    Role,
)
from pysdmx.model.message import Header

from config.plan import TargetKind

if TYPE_CHECKING:
    from datetime import datetime

    from config.register import Config

AGENCY, VERSION = "JIBAO", "1.0"
_FREQUENCIES = {"A": "年度", "Q": "季度"}
_STATUSES = {"reported": "已报送", "nil": "零报告", "missing": "缺报"}
_LIGHTS = {"met": "已达成", "green": "达到序时进度", "yellow": "落后", "red": "严重落后", "none": "无法判断"}
_SCOPES = {"city": "全市", "unit": "单位"}
_KINDS = {
    TargetKind.AT_LEAST: "达到", TargetKind.AT_MOST: "控制在", TargetKind.RANGE: "区间",
    TargetKind.REDUCTION: "下降", TargetKind.FULL_COVERAGE: "全覆盖", TargetKind.MILESTONE: "里程碑",
    TargetKind.UNSPECIFIED: "原文缺失",
}  # fmt: skip


@dataclass(frozen=True)
class _Column:
    name: str  # the component's and its concept's name, in Chinese
    role: Role
    dtype: DataType = DataType.DOUBLE
    codes: str = ""  # id of a codelist


def _dimension(name: str, codes: str) -> _Column:
    return _Column(name, Role.DIMENSION, DataType.STRING, codes)


def _measure(name: str) -> _Column:
    return _Column(name, Role.MEASURE)


def _attribute(name: str, dtype: DataType = DataType.DOUBLE, codes: str = "") -> _Column:
    return _Column(name, Role.ATTRIBUTE, dtype, codes)


_KEY = {
    "FREQ": _dimension("频度", "CL_FREQ"),
    "INDICATOR": _dimension("指标", "CL_INDICATOR"),
    "REPORTING_UNIT": _dimension("填报单位", "CL_UNIT"),
    "TIME_PERIOD": _Column("报告期", Role.DIMENSION, DataType.PERIOD),
}
OBSERVATION: Mapping[str, _Column] = _KEY | {
    "OBS_VALUE": _measure("本期值"),
    "NUMERATOR": _attribute("分子"),
    "DENOMINATOR": _attribute("分母"),
    "OBS_STATUS": _attribute("报送状态", DataType.STRING, "CL_OBS_STATUS"),
    "MILESTONE_STATE": _attribute("进展状态", DataType.STRING),
    "REVISION": _attribute("修订号", DataType.INTEGER),
    "SUBMISSION_ID": _attribute("报送编号", DataType.STRING),
}
ATTAINMENT: Mapping[str, _Column] = _KEY | {
    "OBS_VALUE": _measure("实际值"),
    "ATTAINMENT_PCT": _measure("完成率（%）"),
    "PROGRESS_PCT": _measure("进度（%）"),
    "EXPECTED_PCT": _measure("序时进度（%）"),
    "GAP_PP": _measure("与序时进度之差（百分点）"),
    "REQUIRED_PER_CYCLE": _measure("其后每期须增加"),
    "PROJECTED": _measure("预计期末值"),
    "PROJECTED_LOW": _measure("预计下限"),
    "PROJECTED_HIGH": _measure("预计上限"),
    "COVERAGE": _attribute("已报单位数/应报单位数", DataType.STRING),
    "BASELINE": _attribute("基期值"),
    "TARGET_LOW": _attribute("目标下限"),
    "TARGET_HIGH": _attribute("目标上限"),
    "TARGET_KIND": _attribute("目标类型", DataType.STRING, "CL_TARGET_KIND"),
    "SCOPE": _attribute("范围", DataType.STRING, "CL_SCOPE"),
    "IS_MET": _attribute("是否达成", DataType.BOOLEAN),
    "LIGHT": _attribute("状态", DataType.STRING, "CL_LIGHT"),
    "NOTE": _attribute("说明", DataType.STRING),
}
FLOWS = {"OBSERVATION": ("报送数据", OBSERVATION), "ATTAINMENT": ("完成情况", ATTAINMENT)}


def structure_message(config: Config, prepared_at: datetime, told: Iterable[Mapping[str, str]] = ()) -> str:
    """The SDMX-ML 3.0 structure message (XML) of the plan; the same for the same register and instant.

    :param told: codelist, code and name of what the rows name, be it in the register or not
    """
    lists = _codelists(config, told)
    columns = {name: column for _, flow in FLOWS.values() for name, column in flow.items()}
    concepts = {
        name: Concept(id=name, name=column.name, dtype=column.dtype) for name, column in columns.items()
    }
    scheme = ConceptScheme(
        id="CS_JIBAO", name="季报概念", agency=AGENCY, version=VERSION, items=list(concepts.values())
    )
    structures = {
        flow: DataStructureDefinition(
            id=flow, name=name, agency=AGENCY, version=VERSION, components=_components(column_of, lists)
        )
        for flow, (name, column_of) in FLOWS.items()
    }
    flows = [
        Dataflow(id=s.id, name=s.name, agency=AGENCY, version=VERSION, structure=s)
        for s in structures.values()
    ]
    header = Header(
        id="JIBAO_STRUCTURE", prepared=prepared_at, sender=Agency(id=AGENCY, name="季报"), test=False
    )
    written = write_sdmx(
        [*lists.values(), scheme, *structures.values(), *flows], Format.STRUCTURE_SDMX_ML_3_0, header=header
    )
    assert written is not None
    return written.replace('xml:lang="en"', 'xml:lang="zh"')  # the writer knows one language; ours is another


def _components(columns: Mapping[str, _Column], lists: Mapping[str, Codelist]) -> Components:
    return Components([_component(name, column, lists) for name, column in columns.items()])


def _component(name: str, column: _Column, lists: Mapping[str, Codelist]) -> Component:
    return Component(
        id=name, name=column.name, role=column.role, required=column.role is Role.DIMENSION,
        concept=Concept(
            id=name, name=column.name, dtype=column.dtype,
            urn=f"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept={AGENCY}:CS_JIBAO({VERSION}).{name}",
        ),
        local_dtype=None if column.codes else column.dtype,
        local_codes=lists[column.codes] if column.codes else None,
        attachment_level="O" if column.role is Role.ATTRIBUTE else None,
    )  # fmt: skip


def _codelists(config: Config, told: Iterable[Mapping[str, str]]) -> dict[str, Codelist]:
    units = {u.code: u.name for u in config.units} | {config.plan.city: config.plan.city_name}
    made = {
        "CL_FREQ": ("频度", _FREQUENCIES),
        "CL_INDICATOR": ("指标", {i.code: i.name for i in config.plan.indicators}),
        "CL_UNIT": ("填报单位", units),
        "CL_OBS_STATUS": ("报送状态", _STATUSES),
        "CL_TARGET_KIND": ("目标类型", _KINDS),
        "CL_SCOPE": ("范围", _SCOPES),
        "CL_LIGHT": ("状态", _LIGHTS),
    }
    for row in told:
        made[row["codelist"]][1].setdefault(row["code"], row["name"])
    return {
        code: Codelist(id=code, name=name, agency=AGENCY, version=VERSION, items=list(_codes(items.items())))
        for code, (name, items) in made.items()
    }


def _codes(items: Iterable[tuple[str, str]]) -> Iterable[Code]:
    return (Code(id=str(code), name=name) for code, name in items)  # the writer prints a member by its repr
