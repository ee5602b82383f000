"""The one-file 通报 and each unit's own page. Texts only; the rest of the site is templates.site, writing belongs to flows."""

from __future__ import annotations

from templates.render import Renderer
from templates.views import OfficeView, SummaryView, UnitPageView


def summary_page(renderer: Renderer, office: OfficeView, view: SummaryView) -> str:
    """``summary.html``: everything inline, nothing loaded, readable and printable as a single file."""
    return renderer.page("report/summary", office=office, view=view)


def unit_page(renderer: Renderer, office: OfficeView, view: UnitPageView) -> str:
    """``units/UNIT_PERIOD.html``: what one unit reported and how it stands."""
    return renderer.page("personal/unit", office=office, view=view)
