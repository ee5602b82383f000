"""The pages: the one-file 通报 and the thin site around it. Texts only; writing belongs to flows."""

from __future__ import annotations

from templates.render import Renderer
from templates.views import OfficeView, SiteView, SummaryView, UnitPageView


def summary_page(renderer: Renderer, office: OfficeView, view: SummaryView) -> str:
    """``summary.html``: everything inline, nothing loaded, readable and printable as a single file."""
    return renderer.page("report/summary", office=office, view=view)


def site_pages(renderer: Renderer, office: OfficeView, view: SiteView) -> dict[str, str]:
    """The site's own pages by file name: ``index.html``, ``units.html``, ``quality.html``."""
    return {f"{name}.html": renderer.page(f"site/{name}", office=office, view=view) for name in PAGES}


def unit_page(renderer: Renderer, office: OfficeView, view: UnitPageView) -> str:
    """``units/UNIT_PERIOD.html``: what one unit reported and how it stands."""
    return renderer.page("personal/unit", office=office, view=view)


PAGES = ("index", "units", "quality")
