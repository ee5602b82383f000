"""From the mart to what people look at: one record feeds mail, page and documents, so their numbers are the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.rules import load_rules
from config.calendar import previous_period
from flows.office import Office
from flows.steps import deciding
from templates.views import (
    BacktestLine,
    DomainLine,
    ExplanationLine,
    IndicatorLine,
    LightCounts,
    QualityLine,
    RestatementLine,
    ReturnLine,
    SummaryView,
    TrajectoryPoint,
    UnitLine,
    UnitResult,
)
from warehouse import attainment, facts, restating
from warehouse.store import Store

_INDICATOR = (
    "indicator", "name", "domain", "domain_name", "unit_label", "wording", "target_kind", "actual", "light", "coverage",
    "baseline", "attainment_pct", "met", "progress_pct", "expected_pct", "gap_pp", "required_per_quarter",
    "projected_2020", "projected_low", "projected_high", "note", "aspirational", "previous_actual", "previous_light",
)  # fmt: skip


_RANKS = (
    "timeliness_rank", "completeness_rank", "quality_rank", "attainment_pct", "attainment_rank", "overall_rank",
)  # fmt: skip
# What of a published figure a reader may have quoted; a projection alone moves with every new quarter.
_SHOWN = frozenset(("actual", "attainment_pct", "progress_pct", "light"))


def summary_view(store: Store, office: Office, period: str, as_of: datetime) -> SummaryView:
    """Everything the 通报 says about ``period``, from the attainment last computed for it."""
    previous = previous_period(period)
    cycle = store.rows("read_cycle", {"period": period})[0]
    rows = store.rows("list_summary_indicators", {"period": period, "previous": previous})
    lines = _indicator_lines(store, office, period, rows)
    rates = store.rows("list_summary_rates", {"period": period})
    owed = Counter(row["unit"] for row in facts.owed_items(store, period))
    units = tuple(_unit_line(r, owed[r["unit"]], as_of > r["due_at"]) for r in rates)
    expected, accepted = sum(u.expected for u in units), sum(u.accepted for u in units)
    titles = {rule.rule: office.say(rule.title) for rule in load_rules()}
    return SummaryView(
        period=period,
        previous_period=previous,
        as_of=as_of,
        due_at=cycle["due_at"],
        counts=_counts(line.light for line in lines),
        previous_counts=_counts(p for line in lines if (p := line.previous_light))
        if any(line.previous_light for line in lines)
        else None,
        domains=_domains(store, office, period, lines),
        indicators=tuple(lines),
        units=units,
        expected=expected,
        accepted=accepted,
        completeness_pct=_share(accepted, expected),
        timeliness_pct=_share(sum(r["timely"] for r in rates), expected),
        quality_pct=_weighted_quality(rates),
        quality=tuple(
            QualityLine(q["rule"], titles.get(q["rule"], q["rule"]), q["severity"], q["findings"], q["units"])
            for q in store.rows("list_summary_quality", {"period": period})
        ),
        explanations=tuple(
            ExplanationLine(e["unit_name"], e["name"], e["remark"])
            for e in store.rows("list_summary_explanations", {"period": period})
        ),
        restatements=tuple(
            RestatementLine(
                r["period"],
                r["unit_name"],
                r["name"],
                r["old_value"],
                r["new_value"],
                r["unit_label"],
                r["reason"],
                r["old_light"],
                r["new_light"] or "none",
                r["old_progress_pct"],
                r["new_progress_pct"],
            )
            for r in restating.differences(store, period)
            if not _SHOWN.isdisjoint(r["changed"])
        ),
        backtest=tuple(
            BacktestLine(b["horizon"], b["projections"], b["median_error_pct"], b["within_pct"])
            for b in attainment.backtest_by_horizon(
                store, period, as_of, office.config.settings.projection.min_points, office.config.plan.city
            )
        ),
        returns=tuple(
            ReturnLine(office.say(deciding.REASON_CODES[r["reason_code"]]), r["files"], r["units"])
            for r in store.rows("list_summary_returns", {"period": period})
        ),
        page_url=f"reports/{period}/summary.html",
    )


def _indicator_lines(
    store: Store, office: Office, period: str, rows: Sequence[Mapping[str, Any]]
) -> list[IndicatorLine]:
    points: dict[tuple[str, str], list[TrajectoryPoint]] = defaultdict(list)
    for p in store.rows("list_trajectory", {"period": period}):
        points[p["indicator"], p["unit"]].append(
            TrajectoryPoint(p["period"], p["progress_pct"], p["expected_pct"], p["actual"], p["light"])
        )
    # Of a plan that spans several cities the page shows the cities; each unit has a page of its own.
    is_one_city = len({r["unit"] for r in rows}) == 1
    units: Mapping[str, Sequence[UnitResult]] = (
        store.grouped("list_summary_standings", "indicator", UnitResult, {"period": period})
        if is_one_city
        else {}
    )

    now, before = states(store, office, period), states(store, office, previous_period(period))

    def placed(row: Mapping[str, Any]) -> dict[str, str]:
        if is_one_city:
            return {}
        city = row["unit_name"] or row["unit"]
        return {"name": office.say("%(city)s：%(name)s", city=city, name=row["name"]), "place": row["unit"]}

    return [
        IndicatorLine(
            **{k: r[k] for k in _INDICATOR} | placed(r),
            state=now.get((r["indicator"], r["unit"])),
            previous_state=before.get((r["indicator"], r["unit"])),
            points=tuple(points[r["indicator"], r["unit"]]),
            units=tuple(units.get(r["indicator"], ())),
        )
        for r in rows
    ]


def states(store: Store, office: Office, period: str) -> dict[tuple[str, str], str]:
    """What the reporters of each milestone say, by indicator and city: the word they share, else how many say which."""
    say, told = office.say, defaultdict[tuple[str, str], list[tuple[str | None, int]]](list)
    for r in store.rows("list_summary_states", {"period": period}):
        told[r["indicator"], r["unit"]].append((r["state"], r["reporters"]))
    return {
        key: say(words[0][0])
        if len(words) == 1 and words[0][0]
        else say.listed([say("%(state)s%(n)s家", state=say(word or "未报送"), n=n) for word, n in words])
        for key, words in told.items()
        if any(word for word, _ in words)
    }


def _domains(
    store: Store, office: Office, period: str, lines: Sequence[IndicatorLine]
) -> tuple[DomainLine, ...]:
    lights: dict[str | None, list[str]] = defaultdict(list)
    for line in lines:
        lights[line.domain].append(line.light)
    scores = {s["domain"]: s for s in store.rows("score_domains", {"period": period})}
    return tuple(
        DomainLine(
            d.code, d.name, _counts(lights[d.code]), scores.get(d.code, {}).get("score_pct"),
            scores.get(d.code, {}).get("scored", 0),
        )
        for d in office.config.plan.domains
    )  # fmt: skip


def _unit_line(rate: Mapping[str, Any], owed: int, is_overdue: bool) -> UnitLine:
    return UnitLine(
        rate["unit"], rate["name"] or rate["unit"], rate["expected"], rate["accepted"], rate["completeness_pct"],
        rate["timeliness_pct"], rate["quality_pct"], rate["rank"],
        is_late=is_overdue and (rate["timely"] or 0) < rate["expected"], owed_count=owed,
        **{k: rate[k] for k in _RANKS},
    )  # fmt: skip


def _counts(lights: Iterable[str]) -> LightCounts:
    return LightCounts(**Counter(lights))


def _share(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


def _weighted_quality(rates: Sequence[Mapping[str, Any]]) -> float | None:
    accepted = sum(r["accepted"] for r in rates)
    good = sum(r["accepted"] * r["quality_pct"] / 100 for r in rates if r["quality_pct"] is not None)
    return _share(good, accepted)
