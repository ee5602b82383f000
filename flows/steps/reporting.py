"""Report: compute attainment, draw the summary and the site from it, announce it when told to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from flows import letters
from flows.mailing.outbox import DeliveryReport
from flows.office import Office
from flows.steps import deciding, documents, portraits, quality, siting
from flows.steps.delivering import deliver
from flows.steps.picturing import summary_view
from flows.steps.running import recorded
from flows.steps.viewing import opened_cycle
from templates.formats import quarter
from templates.report import summary_page
from templates.views import SummaryView
from warehouse import attainment, ledger, register, restating
from warehouse.durable import sweep, write_whole
from warehouse.killpoints import reached
from warehouse.publish import publish_site_data

LOCK_TIMEOUT_S = 600


@dataclass(frozen=True)
class ReportResult:
    period: str
    summary: Path
    site: Path
    headline: dict[str, int]  # how many indicators per light
    attainment: list[dict[str, Any]]
    recipients: int  # new summary mails queued
    plan_score: dict[str, Any]  # score_pct, scored, domains, weights, excluded (mart.plan_score)
    delivery: DeliveryReport | None = None  # of a sent report

    @property
    def digest(self) -> str:
        """Of the figures a person is shown before signing; changed figures have another one."""
        shown = json.dumps([self.period, self.headline, self.attainment], default=str, sort_keys=True)
        return hashlib.sha256(shown.encode()).hexdigest()


def report(office: Office, period: str, as_of: datetime, *, send: bool = False) -> ReportResult:
    """Recomputes ``period`` as known at ``as_of`` and renders it; the mail is queued and sent only with ``send``.

    :raises NotOpened: when the cycle was never opened
    :raises DecisionRefused: the quarter is closed
    :raises TimeoutError: another report of this home does not end
    """
    deciding.check_not_closed(office, period)
    office.home.create()
    with _alone(office):
        sweep(office.home.reports(period), office.home.site)
        result = _report(office, period, as_of, send)
    return replace(result, delivery=deliver(office, as_of)) if send else result


@contextmanager
def _alone(office: Office) -> Iterator[None]:
    """One report at a time: the pages that stay are those of the assessment that was stored last."""
    try:
        with FileLock(f"{office.home.site}.lock", timeout=LOCK_TIMEOUT_S):
            yield
    except Timeout as error:
        raise TimeoutError(
            "另一次测算与通报一直没有结束，请稍后再试；若确认已卡死，请先结束该进程"
        ) from error


def _report(office: Office, period: str, as_of: datetime, send: bool) -> ReportResult:
    lights, projection = office.config.settings.lights, office.config.settings.projection
    recipients, made = 0, None
    with office.store() as store, recorded(office, store, "report", period, as_of=as_of, send=send):
        opened_cycle(store, period)
        gaps = (lights.yellow_gap_pp, lights.red_gap_pp)
        with store.transaction():
            register.record_register(store, office.config, as_of)
            stale = restating.recompute(store, as_of, gaps, projection.min_points)
            attainment.compute(store, period, as_of, gaps, projection.min_points)
            reached("compute")
        with restating.known_at(store, as_of):
            view = summary_view(store, office, period, as_of)
            scores = store.rows("score_plan", {"period": period})
            # A correction of an earlier quarter shows on that quarter's unit pages too.
            own = [portraits.portraits(store, office, p, as_of) for p in sorted({*stale, period})]
            quality.write(office, store, period, as_of)
        if send:
            made = documents.make(office, view, chart=True)
            assessed = restating.digest(store, period, as_of)
            digest = assessed["content_hash"] if assessed else ""
            with store.transaction():
                restating.publish(store, period, as_of)
                edition = restating.edition(store, period)
                attached = made.attachments(_title(office, view, edition.revision))
                mails = letters.summary(office, view, digest, edition, as_of, attached, made.inline)
                recipients = ledger.enqueue(store, mails)
                reached("enqueue")
    reached("documents")
    summary = _write_pages(office, view)
    while own:  # and let go of: the site needs the room
        portraits.write(office, own.pop())
    documents.write(office, view, summary.parent, made)
    result = ReportResult(
        period,
        summary,
        office.home.site / "index.html",
        _headline(view),
        [_flat(i) for i in view.indicators],
        recipients,
        scores[0] if scores else {},
    )
    del view, made  # likewise
    with office.reader() as reader:
        publish_site_data(reader.con, office.home.site / "data")
        siting.write(office, reader, as_of)
    return result


def _title(office: Office, view: SummaryView, revision: int) -> str:
    title = office.say(
        "%(city)s%(period)s进展通报",
        city=office.config.plan.city_name,
        period=quarter(view.period, office.say),
    )
    return title + (office.say("（修订%(revision)s）", revision=revision) if revision else "")


def _write_pages(office: Office, view: SummaryView) -> Path:
    who = letters.Post(office, view.as_of).view
    page = summary_page(office.renderer, who, view)
    summary = office.home.reports(view.period) / "summary.html"
    for path in (summary, office.home.site / f"{view.period}.html"):
        write_whole(path, page)
    return summary


def _headline(view: SummaryView) -> dict[str, int]:
    return {light: view.counts.of(light) for light in ("met", "green", "yellow", "red", "none")}


def _flat(line: Any) -> dict[str, Any]:
    return {f.name: v for f in fields(line) if not isinstance(v := getattr(line, f.name), tuple)}
