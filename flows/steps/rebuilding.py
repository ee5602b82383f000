"""Rebuild: the report site once more from what the warehouse holds. No figure is computed, nothing is sent."""

from __future__ import annotations

from flows.letters import Post
from flows.office import Office
from flows.steps import portraits, quality, siting
from flows.steps.picturing import summary_view
from templates.report import summary_page
from warehouse import restating
from warehouse.durable import write_whole
from warehouse.publish import publish_site_data


def rebuild_site(office: Office) -> list[str]:
    """Draws every assessed quarter as known when it was last assessed; their periods, oldest first.

    HOME/reports is left alone: what was signed stays as it was signed.
    """
    office.home.create()
    with office.store() as store:
        assessed = {row["period"]: row["as_of"] for row in store.rows("list_published_periods")}
        for period, as_of in sorted(assessed.items()):
            who = Post(office, as_of).view
            with restating.known_at(store, as_of):
                page = summary_page(office.renderer, who, summary_view(store, office, period, as_of))
                own = portraits.portraits(store, office, period, as_of)
                quality.write(office, store, period, as_of)
            write_whole(office.home.site / f"{period}.html", page)
            portraits.write(office, own)
    if assessed:
        with office.reader() as reader:
            siting.write(office, reader, max(assessed.values()))
            publish_site_data(reader.con, office.home.site / "data")
    return sorted(assessed)
