"""The report site as texts by path: pages, style, script, search index; and the chart library's file, by its hash.

Belongs here: which pages there are and what they are called. Does not: reading the mart, writing files (flows).
Pages work without network, from any folder or server, and without their script (ADR 16).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from templates.pages import (
    ActionsView,
    IndicatorsView,
    IndicatorView,
    OverviewView,
    QuarterView,
    SearchView,
    UnitsView,
)
from templates.render import Renderer
from templates.views import OfficeView

# Apache ECharts 5.5.1, dist/echarts.min.js as its project publishes it; vizly carries these very bytes.
ECHARTS_VERSION = "5.5.1"
ECHARTS_SHA256 = "e84270bd0cd5bdf60fefc26d00c2a391cb2e81f4d26a7a9ee16185a54773a3cf"
ECHARTS_NAME = "echarts.min.js"


@dataclass(frozen=True)
class Site:
    """Everything the site's own pages show; unit and data-quality pages are made elsewhere."""

    overview: OverviewView
    indicators: IndicatorsView
    indicator_pages: Iterable[IndicatorView]  # made when their turn comes, so that one at a time is in memory
    actions: ActionsView
    units: UnitsView
    quarters: tuple[QuarterView, ...]
    search: SearchView


def pages(renderer: Renderer, office: OfficeView, site: Site) -> Iterator[tuple[str, str]]:
    """(path below the site's folder, text), one by one."""
    yield "index.html", renderer.page("site/index", office=office, view=site.overview)
    yield "indicators.html", renderer.page("site/indicators", office=office, view=site.indicators)
    yield "actions.html", renderer.page("site/actions", office=office, view=site.actions)
    yield "units.html", renderer.page("site/units", office=office, view=site.units)
    yield "search.html", renderer.page("site/search", office=office, view=site.search)
    page = renderer.environment.get_template("site/indicator.html.j2")
    for one in site.indicator_pages:
        yield f"indicators/{one.entry.indicator}.html", page.render(office=office, view=one)
    page = renderer.environment.get_template("site/quarter.html.j2")
    for n, quarter in enumerate(site.quarters):
        text = page.render(office=office, view=quarter)
        if n == 0:
            yield "quarters/index.html", text  # newest first
        yield f"quarters/{quarter.period}.html", text
    yield "assets/search.js", search_index(site.search)


def assets(renderer: Renderer) -> Iterator[tuple[str, str]]:
    """(name below ``assets/``, text); the search index is empty until the pages come."""
    yield "site.css", style(renderer)
    yield "site.js", source(renderer, "site/site.js")
    yield "icon.svg", source(renderer, "site/icon.svg")
    yield "search.js", "window.jibaoIndex=[];\n"


def style(renderer: Renderer) -> str:
    """One style sheet: what every page shares, then what only the site has."""
    return source(renderer, "report/base.css") + source(renderer, "site/site.css")


def source(renderer: Renderer, name: str) -> str:
    """A file of ``templates/`` as it is, the office's own before the packaged one."""
    loader = renderer.environment.loader
    assert loader is not None
    return loader.get_source(renderer.environment, name)[0]


def search_index(view: SearchView) -> str:
    """The index as a script, since a page opened from disk may not fetch: kind, code, name, about, link."""
    rows: list[Any] = [[e.kind, e.code, e.name, e.about, e.href] for e in view.entries]
    # U+2028/9 end a line in old scripts; inside JSON strings they may be escaped anywhere.
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return "window.jibaoIndex=" + text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029") + ";\n"


@cache
def echarts() -> Path | None:
    """The chart library's file, or None where it is absent or not the bytes its project published.

    The carrier is found without importing it. Without the file the pages keep their tables.
    """
    spec = find_spec("vizly")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(folder) / "assets" / "echarts.min.js"
        if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == ECHARTS_SHA256:
            return file
    return None
