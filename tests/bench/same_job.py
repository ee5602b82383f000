"""What the kit's job costs with our parts: files judged and answered, figures assessed, one summary page.

Every peer of the kit writes just that. ``jibao cycle`` writes annotated returns too (they are part of an answer), and
besides a page a unit, the site, Word, PDF and the mart as files; beside it this shows what those cost.

python -P tests/bench/same_job.py HOME CONFIG PERIOD AS_OF INBOX
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from flows import clock, letters
from flows.office import open_office
from flows.steps.collecting import collect
from flows.steps.picturing import summary_view
from templates.report import summary_page
from warehouse import attainment
from warehouse.durable import write_whole


def main(home: str, config: str, period: str, as_of: str, inbox: str) -> None:
    gc.set_threshold(50_000)  # as the command line does
    office, moment = open_office(Path(home), Path(config)), clock.parse_instant(as_of)
    collect(office, moment, inbox=Path(inbox), period=period, send=False)
    with office.store() as store:
        with store.transaction():
            attainment.compute(store, period, moment)
        view = summary_view(store, office, period, moment)
    page = summary_page(office.renderer, letters.Post(office, moment).view, view)
    write_whole(office.home.reports(period) / "summary.html", page)


if __name__ == "__main__":
    main(*sys.argv[1:])
