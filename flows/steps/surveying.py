"""From the mart to the records of the report site, set-wise: a handful of queries for all pages, whatever their number.

Belongs here: which rows a page shows. Does not: markup (templates), writing (siting), arithmetic (the mart).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from flows.office import Office
from templates import graphs
from templates.formats import quarter
from templates.pages import (
    REVISIONS_MAX,
    ActionEntry,
    ActionsView,
    Chart,
    DomainCard,
    Figure,
    IndicatorEntry,
    IndicatorsView,
    IndicatorView,
    OverviewView,
    PeriodLine,
    ProgressLine,
    QuarterView,
    RateLine,
    Revision,
    SearchEntry,
    SearchView,
    Standing,
    UnitsView,
)
from templates.site import Site
from templates.views import LightCounts
from warehouse.store import Rows

Row = dict[str, Any]


def survey(
    reader: Rows, office: Office, as_of: datetime, pages: frozenset[str], *, drawn: bool
) -> Site | None:
    """Everything the site shows, as it stands; None while no quarter has been assessed.

    :param as_of: what lateness is judged by
    :param pages: paths that exist below the site's folder, so that no link leads nowhere
    :param drawn: whether the chart library is there
    """
    named = {"plan_hash": office.config.plan_hash}
    for table in ("create_site_rates", "create_site_ranks"):
        reader.keep(table)
    rates = [
        RateLine(**r, has_page=f"units/{r['unit']}_{r['period']}.html" in pages)
        for r in reader.rows("list_site_rates", named | {"as_of": as_of})
    ]
    assessed = reader.rows("list_site_periods")
    if not assessed:
        return None
    latest = assessed[0]["period"]
    figures = reader.grouped("list_site_attainment", "indicator", Figure, named | {"latest": latest})
    counts = _counts(figures)
    periods = tuple(
        PeriodLine(
            **r, counts=counts[r["period"]],
            has_report=f"{r['period']}.html" in pages, has_quality=f"quality/{r['period']}-runs.html" in pages,
        )
        for r in assessed
    )  # fmt: skip
    by_period: dict[str, list[RateLine]] = defaultdict(list)
    for rate in rates:
        by_period[rate.period].append(rate)
    shown = {"latest": latest, "most": REVISIONS_MAX}
    revisions = reader.grouped("list_site_revisions", "indicator", Revision, named | shown)
    entries = _entries(office, figures, revisions, latest)
    domains = _domains(office, reader.rows("list_site_domains", {"period": latest}), entries, latest)
    owing: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for o in reader.rows("list_site_owing", named):
        owing[o["indicator"]].append((o["period"], o["unit"], o["unit_name"]))
    progress = [ProgressLine(**r) for r in reader.rows("list_site_progress", named)]
    actions = _actions(office, progress, latest, [p.period for p in periods], drawn)
    quarters = tuple(_quarters(office, periods, by_period, drawn))
    return Site(
        overview=_overview(office, as_of, periods, domains, entries, by_period[latest], drawn),
        indicators=IndicatorsView(latest, domains),
        indicator_pages=_indicator_pages(
            office, latest, entries, figures, revisions, owing, by_period[latest], drawn
        ),
        actions=actions,
        units=_units(office, latest, by_period, periods),
        quarters=quarters,
        search=_search(office, latest, entries, actions, by_period[latest], periods),
    )


def _counts(figures: Mapping[str, Sequence[Figure]]) -> dict[str, LightCounts]:
    lights: dict[str, Counter[str]] = defaultdict(Counter)
    for f in chain.from_iterable(figures.values()):
        if f.scope == "city":
            lights[f.period][f.light] += 1
    return defaultdict(LightCounts, {p: LightCounts(**c) for p, c in lights.items()})


def _entries(
    office: Office, figures: Mapping[str, Sequence[Figure]], revisions: Mapping[str, Sequence[Revision]],
    latest: str,
) -> list[IndicatorEntry]:  # fmt: skip
    """In the register's order. Of a plan that spans several cities an entry keeps the whole plan's figures, if any."""
    plan = office.config.plan
    domains = {d.code: d.name for d in plan.domains}
    names = {u.code: u.name for u in office.config.units}
    entries = []
    for i in plan.indicators:
        own = [f for f in figures.get(i.code, ()) if f.scope == "city"]
        if len({f.unit for f in own}) > 1:
            own = [f for f in own if f.unit == plan.city]
        standing = [r for r in revisions.get(i.code, ()) if r.period == latest and r.stands and r.state]
        entries.append(
            IndicatorEntry(
                i.code, i.name, i.domain, domains[i.domain] if i.domain else office.say("总体目标"), i.clause,
                i.unit_label, i.definition, str(i.measure), str(i.accumulation), i.direction, i.target.wording,
                i.target.aspirational, tuple((u, names[u]) for u in i.reporters),
                tuple(sorted(i.yearly_milestones.items())), tuple(own),
                tuple(r.state for r in standing if r.state) if str(i.measure) == "state" else (),
            )
        )  # fmt: skip
    return entries


def _domains(
    office: Office, scores: Sequence[Row], entries: Sequence[IndicatorEntry], latest: str
) -> tuple[DomainCard, ...]:
    """Plan-wide indicators first, then every domain of the plan, those without indicators too."""
    scored = {s["domain"]: s for s in scores}
    groups: dict[str | None, list[IndicatorEntry]] = defaultdict(list)
    for e in entries:
        groups[e.domain].append(e)
    rows: list[tuple[str | None, str]] = [(d.code, d.name) for d in office.config.plan.domains]
    if groups[None]:
        rows.insert(0, (None, office.say("总体目标")))
    return tuple(
        DomainCard(
            code or "", name,
            LightCounts(**Counter(e.light for e in groups[code] if e.current and e.current.period == latest)),
            scored.get(code, {}).get("score_pct"), scored.get(code, {}).get("scored", 0),
            scored.get(code, {}).get("weights"), scored.get(code, {}).get("excluded"), tuple(groups[code]),
        )
        for code, name in rows
    )  # fmt: skip


def _overview(
    office: Office, as_of: datetime, periods: Sequence[PeriodLine], domains: tuple[DomainCard, ...],
    entries: Sequence[IndicatorEntry], rates: Sequence[RateLine], drawn: bool,
) -> OverviewView:  # fmt: skip
    behind = [e for e in entries if e.light in ("red", "yellow")]
    behind.sort(key=lambda e: (e.light != "red", -((e.current.gap_pp if e.current else None) or 0.0)))
    charts = _charts(drawn, graphs.lights(domains, office.say), graphs.trend(periods, office.say))
    return OverviewView(
        periods[0].period, max(as_of, periods[0].as_of), periods[0],
        periods[1].counts if len(periods) > 1 else None, domains, tuple(behind),
        tuple(r for r in rates if r.is_late), tuple(periods), charts,
    )  # fmt: skip


def _indicator_pages(
    office: Office, latest: str, entries: Sequence[IndicatorEntry], figures: dict[str, list[Figure]],
    revisions: dict[str, list[Revision]], owing: Mapping[str, Sequence[tuple[str, str, str]]],
    rates: Sequence[RateLine], drawn: bool,
) -> Iterator[IndicatorView]:  # fmt: skip
    """One by one, and the rows of each are let go with it."""
    unit_pages = frozenset(r.unit for r in rates if r.has_page)
    end = office.config.plan.end_period
    for n, e in enumerate(entries):
        now = [f for f in figures.pop(e.indicator, ()) if f.period == latest]
        of_unit = {f.unit: f for f in now if f.scope == "unit"}
        cities = tuple(f for f in now if f.scope != "unit")
        found = revisions.pop(e.indicator, [])
        standing = {r.unit: r for r in found if r.period == latest and r.stands and r.status != "missing"}
        standings = tuple(
            Standing(unit, name, standing.get(unit), of_unit.get(unit)) for unit, name in e.reporters
        )
        view = IndicatorView(
            latest, e, standings, cities if len(cities) > 1 else (),
            tuple(found[:REVISIONS_MAX]), max((found[0].of if found else 0) - REVISIONS_MAX, 0),
            tuple(owing.get(e.indicator, ())), (), _neighbour(entries, n - 1), _neighbour(entries, n + 1), unit_pages,
        )  # fmt: skip
        charts = _charts(
            drawn, graphs.values(e, end, office.say), graphs.progress(e, end, office.say),
            graphs.compared(e, view.compared, office.say),
        ) if drawn else ()  # fmt: skip
        yield _with_charts(view, charts)


def _with_charts(view: IndicatorView, charts: tuple[Chart, ...]) -> IndicatorView:
    values = {name: getattr(view, name) for name in view.__dataclass_fields__}
    return IndicatorView(**values | {"charts": charts})


def _neighbour(entries: Sequence[IndicatorEntry], n: int) -> tuple[str, str] | None:
    return (entries[n].indicator, entries[n].name) if 0 <= n < len(entries) else None


def _quarters(
    office: Office, periods: Sequence[PeriodLine], by_period: Mapping[str, Sequence[RateLine]], drawn: bool
) -> Iterable[QuarterView]:
    for n, p in enumerate(periods):
        rates = tuple(by_period.get(p.period, ()))
        yield QuarterView(
            p, rates,
            _charts(drawn, graphs.timeliness(rates, office.say), graphs.reporting(periods[n:], office.say)),
            periods[n + 1].period if n + 1 < len(periods) else None, periods[n - 1].period if n else None,
        )  # fmt: skip


def _units(
    office: Office, latest: str, by_period: Mapping[str, Sequence[RateLine]], periods: Sequence[PeriodLine]
) -> UnitsView:
    order = {u.code: n for n, u in enumerate(office.config.units)}
    oldest_first = tuple(p.period for p in reversed(periods))
    marks: dict[str, dict[str, RateLine]] = defaultdict(dict)
    for period in oldest_first:
        for rate in by_period.get(period, ()):
            marks[rate.unit][period] = rate
    rates = sorted(by_period[latest], key=lambda r: (order.get(r.unit, len(order)), r.unit))
    return UnitsView(
        latest, tuple(rates), oldest_first,
        {unit: tuple(found.get(p) for p in oldest_first) for unit, found in marks.items()},
    )  # fmt: skip


def _actions(
    office: Office, progress: Sequence[ProgressLine], latest: str, periods: Sequence[str], drawn: bool
) -> ActionsView:
    plan, names = office.config.plan, {u.code: u.name for u in office.config.units}
    lines: dict[str, list[ProgressLine]] = defaultdict(list)
    for line in progress:
        lines[line.item].append(line)
    domains = {d.code: d.name for d in plan.domains}

    def entry(one: Any, kind: str, domain_name: str) -> ActionEntry:
        mine = lines[one.code]
        now = {p.unit: p for p in mine if p.period == latest}
        word = {p.period: p.state or "" for p in mine if p.unit == one.lead_unit}
        told = [now[u] for u in one.units[1:] if u in now and now[u].status != "missing"]
        silent = [names[u] for u in one.units[1:] if u not in {t.unit for t in told}]
        return ActionEntry(
            one.code, one.name, kind, domain_name, one.clause, now.get(one.lead_unit), names[one.lead_unit],
            tuple(told), tuple(silent), tuple((p, word[p]) for p in reversed(periods) if p in word),
        )  # fmt: skip

    groups = tuple(
        (name, tuple(entry(a, "action", name) for a in plan.actions if a.domain == code))
        for code, name in domains.items()
    )
    view = ActionsView(
        latest,
        tuple(g for g in groups if g[1]),
        tuple(entry(s, "safeguard", "") for s in plan.safeguards),
        (),
    )
    if not drawn:
        return view
    return ActionsView(view.period, view.actions, view.safeguards, (graphs.states(view, office.say),))


def _search(
    office: Office, latest: str, entries: Sequence[IndicatorEntry], actions: ActionsView, rates: Sequence[RateLine],
    periods: Sequence[PeriodLine],
) -> SearchView:  # fmt: skip
    say = office.say
    found = [
        SearchEntry("indicator", e.indicator, e.name, f"{e.domain_name} · {e.wording}", f"indicators/{e.indicator}.html")
        for e in entries
    ]  # fmt: skip
    found += [
        SearchEntry(
            "unit", r.unit, r.name, say("应报%(n)s项", n=r.expected) if r.expected else say("无应报项"),
            f"units/{r.unit}_{latest}.html" if r.has_page else "units.html",
        )
        for r in sorted(rates, key=lambda r: r.unit)
    ]  # fmt: skip
    listed = [*(a for _, group in actions.actions for a in group), *actions.safeguards]
    found += [
        SearchEntry(
            a.kind, a.code, a.name, say("牵头单位%(name)s", name=a.lead_name), f"actions.html#{a.code}"
        )
        for a in listed
    ]
    found += [
        SearchEntry(
            "quarter", p.period, quarter(p.period, say), say("报送排名和迟报"), f"quarters/{p.period}.html"
        )
        for p in periods
    ]
    return SearchView(latest, tuple(found))


def _charts(drawn: bool, *charts: Chart | None) -> tuple[Chart, ...]:
    return tuple(c for c in charts if c is not None) if drawn else ()
