"""The data-quality pages of a period, from the mart into HOME/site/quality/: what was checked, and what is wrong where."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from pathlib import Path

from checks.rules import load_rules
from checks.run import Judgement
from config.calendar import SHANGHAI
from flows.letters import Post
from flows.office import Office
from flows.steps import siting
from templates.quality import (
    DataDocsPage,
    DataDocsView,
    QualityCell,
    QualityRule,
    QualityRun,
    QualityUnit,
    QualityView,
    quality_pages,
)
from warehouse.durable import write_whole
from warehouse.store import Rows

_STAMP = "%Y%m%d-%H%M%S"


def write(office: Office, reader: Rows, period: str, as_of: datetime) -> list[Path]:
    """Renders the pages of ``period`` and the index; returns what was written.

    :param reader: an open :class:`warehouse.store.Store` or :class:`warehouse.store.Reader`
    """
    folder = office.home.site / "quality"
    folder.mkdir(parents=True, exist_ok=True)
    view = quality_view(reader, period, as_of, _periods(folder, period))
    written = []
    for name, text in quality_pages(office.renderer, Post(office, as_of).view, view).items():
        write_whole(folder / name, text)
        written.append(folder / name)
    siting.write_assets(office)  # the pages lean on the site's style and script
    return written


def write_data_docs(office: Office, judgement: Judgement, as_of: datetime) -> list[Path]:
    """The engine's own pages of one judgement into HOME/data_docs, with an index, newest first.

    Returns what was written: nothing, unless the office asked for them (``checks.data_docs``).
    """
    if not judgement.pages:
        return []
    folder = office.home.data_docs
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for frame, page in judgement.pages.items():
        path = folder / f"{as_of.astimezone(SHANGHAI):{_STAMP}}-{frame}.html"
        write_whole(path, page)
        written.append(path)
    known = sorted((path.name for path in folder.glob("[0-9]*.html")), reverse=True)
    view = DataDocsView(as_of, tuple(map(_data_docs_page, known)))
    index = office.renderer.page("site/data_docs", office=Post(office, as_of).view, view=view)
    write_whole(folder / "index.html", index)
    return [*written, folder / "index.html"]


def _data_docs_page(name: str) -> DataDocsPage:
    stamp, _, frame = name.removesuffix(".html").rpartition("-")
    return DataDocsPage(name, datetime.strptime(stamp, _STAMP).replace(tzinfo=SHANGHAI), frame)


def quality_view(reader: Rows, period: str, as_of: datetime, periods: tuple[str, ...]) -> QualityView:
    """Everything the pages of ``period`` show; ``periods``: those that have pages, newest first."""
    titles = {rule.rule: rule.title for rule in load_rules()}
    cells = tuple(
        QualityCell(**row, title=titles.get(row["rule"], row["rule"]))
        for row in reader.rows("list_cells_checks", {"period": period})
    )
    runs = tuple(QualityRun(**row) for row in reader.rows("list_runs_checks", {"period": period}))
    units = tuple(QualityUnit(**row) for row in reader.rows("list_units_checks", {"period": period}))
    return QualityView(period, as_of, periods, runs, _rules(reader, period, cells), units, cells)


def _rules(reader: Rows, period: str, cells: tuple[QualityCell, ...]) -> tuple[QualityRule, ...]:
    """Every rule there is, in the order of rules.yml: also those that no run ever used."""
    ran = {row["rule"]: row for row in reader.rows("list_rules_checks", {"period": period})}
    count: dict[str, int] = defaultdict(int)
    units: dict[str, dict[str, str]] = defaultdict(dict)
    for cell in cells:
        count[cell.rule] += 1
        units[cell.rule][cell.unit or "none"] = cell.unit_name or "无主文件夹"
    lines = []
    for rule in load_rules():
        row = ran.get(rule.rule, {})
        lines.append(
            QualityRule(
                rule.rule, rule.title, str(rule.severity), row.get("runs", 0), int(row.get("rows_checked", 0)),
                int(row.get("rows_failed", 0)), float(row.get("seconds", 0)), row.get("not_checked", 0),
                row.get("engine", ""), int(row.get("ever_checked", 0)), int(row.get("ever_failed", 0)),
                count[rule.rule], tuple(units[rule.rule].items()),
            )
        )  # fmt: skip
    return tuple(lines)


def _periods(folder: Path, period: str) -> tuple[str, ...]:
    known = {path.name.removesuffix("-runs.html") for path in folder.glob("*-runs.html")}
    return tuple(sorted(known | {period}, reverse=True))
