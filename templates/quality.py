"""The data-quality pages: per run, per rule, per unit and per cell, linked. Texts only; writing belongs to flows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from templates.render import Renderer
from templates.views import OfficeView


@dataclass(frozen=True)
class QualityRun:
    """One judging run. ``seconds`` of the engine, None when it never ran; ``engine`` names the rules' version."""

    run_id: str
    flow: str  # collect or recheck
    trigger: str
    ran_at: datetime
    outcome: str | None  # None: not ended
    files: int
    rules: int
    checked: int
    not_checked: int
    rows_failed: int
    seconds: float | None
    engine: str

    @property
    def flow_label(self) -> str:
        return {"collect": "收取", "recheck": "复核"}.get(self.flow, self.flow)

    @property
    def is_sound(self) -> bool:
        return self.outcome == "done" and self.not_checked == 0

    @property
    def outcome_label(self) -> str:
        """In words; a run whose rules could not all be evaluated is never called done."""
        if self.not_checked or (self.outcome == "failed" and not self.rules):
            return "未校验"
        return {"done": "完成", "failed": "出错", None: "未结束"}.get(self.outcome, "出错")


@dataclass(frozen=True)
class QualityRule:
    """One rule over a period's runs and over all runs."""

    rule: str
    title: str
    severity: str
    runs: int
    rows_checked: int
    rows_failed: int
    seconds: float
    not_checked: int
    engine: str
    ever_checked: int
    ever_failed: int
    findings: int
    units: tuple[tuple[str, str], ...]  # (code, name) of the units it holds something against

    @property
    def note(self) -> str:
        """What deserves a look: a rule that never runs or never fails may be no rule at all."""
        if self.not_checked:
            return f"{self.not_checked}次未能执行"
        if not self.ever_checked:
            return "从未用到"
        if not self.ever_failed:
            return "从未查出问题"
        return "" if self.rows_checked else "本期无适用数据"


@dataclass(frozen=True)
class QualityUnit:
    unit: str
    name: str
    files: int
    errors: int
    warnings: int
    infos: int
    corrections: int  # figures that stand although today's rules find an error in their row


@dataclass(frozen=True)
class QualityCell:
    """One finding at its cell; empty sheet: the whole file."""

    unit: str
    unit_name: str
    severity: str
    rule: str
    title: str
    sheet: str
    cell: str
    item_name: str
    value: str
    message: str
    receipt_no: str
    file_name: str
    received_at: datetime
    status: str
    run_id: str


@dataclass(frozen=True)
class QualityView:
    period: str
    generated_at: datetime
    periods: tuple[str, ...]  # that have pages, newest first
    runs: tuple[QualityRun, ...]
    rules: tuple[QualityRule, ...]
    units: tuple[QualityUnit, ...]
    cells: tuple[QualityCell, ...]

    @property
    def by_unit(self) -> tuple[tuple[str, str, tuple[QualityCell, ...]], ...]:
        """(code, name, cells) in the order of the units."""
        groups: dict[str, list[QualityCell]] = {}
        for cell in self.cells:
            groups.setdefault(cell.unit, []).append(cell)
        return tuple(
            (code, cells[0].unit_name or "无主文件夹", tuple(cells)) for code, cells in groups.items()
        )

    def count(self, severity: str) -> int:
        return sum(c.severity == severity for c in self.cells)

    @property
    def unchecked(self) -> tuple[QualityRun, ...]:
        return tuple(r for r in self.runs if r.outcome_label == "未校验")


@dataclass(frozen=True)
class DataDocsPage:
    """One page the check engine drew of itself. ``frame``: rows or files."""

    name: str
    judged_at: datetime
    frame: str

    @property
    def frame_label(self) -> str:
        return {"rows": "逐行规则", "files": "整份文件规则"}.get(self.frame, self.frame)


@dataclass(frozen=True)
class DataDocsView:
    """The index of HOME/data_docs, newest first."""

    generated_at: datetime
    pages: tuple[DataDocsPage, ...]


PAGES = ("runs", "rules", "units", "cells")


def quality_pages(renderer: Renderer, office: OfficeView, view: QualityView) -> dict[str, str]:
    """By file name: one page a subject and period (``2019-Q3-rules.html``); ``index.html`` leads to the newest."""
    pages = {
        f"{view.period}-{name}.html": renderer.page(f"site/quality_{name}", office=office, view=view)
        for name in PAGES
    }
    pages["index.html"] = renderer.page("site/quality_index", office=office, view=view)
    return pages
