"""The register inside the warehouse: each distinct plan is kept whole, with the time from which it held.

Belongs here: writing definitions and opening cycles. Does not: reading YAML (config), figures (facts).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from config.plan import Indicator, Plan, Target
from config.register import Config
from warehouse import audit
from warehouse.store import Store


def record_register(store: Store, config: Config, as_of: datetime, reason: str = "配置变更") -> bool:
    """Notes the configuration in force; a no-op while it is the one already in force.

    Call inside a transaction. Targets and baselines thereby become dated revisions: what a report
    knew on any day can be computed again.
    """
    last = store.rows("read_last_register")
    if last and (last[0]["plan_hash"], last[0]["config_hash"]) == (config.plan_hash, config.config_hash):
        return False
    known = {row["plan_hash"] for row in store.rows("list_plan_hashes")}
    if config.plan_hash not in known:
        _write_plan(store, config)
    # A report about an earlier day must not pretend that today's register was known then.
    since = max(as_of, store.rows("read_last_instant")[0]["last_instant"] or as_of)
    columns = ("recorded_at", "plan_hash", "config_hash", "reason")
    store.append("register_event", columns, [(since, config.plan_hash, config.config_hash, reason)])
    hashes = ("plan_hash", "config_hash")
    note = audit.Note(
        "configure", config.plan.plan_id, since, reason=reason,
        before={k: last[0][k] for k in hashes} if last else None, after={k: getattr(config, k) for k in hashes},
    )  # fmt: skip
    audit.record(store, [note])
    return True


def open_cycle(
    store: Store, config: Config, period: str, as_of: datetime, due_at: datetime, grace_until: datetime
) -> bool:
    """Freezes who owes what for ``period``; False when the cycle is open already. Call inside a transaction."""
    if store.rows("read_cycle", {"period": period}):
        return False
    columns = ("period", "opened_at", "due_at", "grace_until", "plan_hash", "config_hash")
    row = (period, as_of, due_at, grace_until, config.plan_hash, config.config_hash)
    store.append("cycle", columns, [row])
    owed = [(period, o.unit, o.item, o.item_kind, o.role, o.is_owed) for o in config.obligations()]
    store.append("obligation", ("period", "unit", "item", "item_kind", "role", "is_owed"), owed)
    after = {"due_at": due_at, "grace_until": grace_until, "plan_hash": config.plan_hash}
    after |= {"obligations": len(owed), "config_hash": config.config_hash}
    audit.record(store, [audit.Note("open", period, as_of, period=period, after=after)])
    return True


def _write_plan(store: Store, config: Config) -> None:
    plan, key = config.plan, config.plan_hash
    tables: list[tuple[str, Sequence[str], list[tuple[Any, ...]]]] = [
        (
            "plan",
            ("plan_hash", "plan_id", "name", "city", "city_name", "start_period", "end_period"),
            [(key, plan.plan_id, plan.name, plan.city, plan.city_name, plan.start_period, plan.end_period)],
        ),
        (
            "unit",
            ("plan_hash", "unit", "name", "kind", "city", "sort"),
            [(key, u.code, u.name, u.kind, u.city or plan.city, n) for n, u in enumerate(config.units)],
        ),
        (
            "domain",
            ("plan_hash", "domain", "name", "weight", "sort"),
            [(key, d.code, d.name, d.weight, n) for n, d in enumerate(plan.domains)],
        ),
        (
            "action",
            ("plan_hash", "action", "name", "domain", "clause", "kind", "sort"),
            [(key, a.code, a.name, a.domain, a.clause, "action", n) for n, a in enumerate(plan.actions)]
            + [(key, s.code, s.name, None, s.clause, "safeguard", n) for n, s in enumerate(plan.safeguards)],
        ),
        ("indicator", ("plan_hash", *_INDICATOR, "sort"), _indicator_rows(key, plan)),
        ("target", ("plan_hash", *_TARGET), [(key, *row) for row in _targets(config)]),
        (
            "yearly_milestone",
            ("plan_hash", "indicator", "year", "value"),
            [(key, i.code, y, v) for i in plan.indicators for y, v in i.yearly_milestones.items()],
        ),
        (
            "reporter",
            ("plan_hash", "indicator", "unit"),
            [(key, i.code, u) for i in plan.indicators for u in i.reporters],
        ),
    ]
    for table, columns, rows in tables:
        store.append(table, columns, rows)


_INDICATOR = (
    "indicator", "name", "domain", "action", "clause", "measure", "unit_label", "definition", "accumulation",
    "direction", "scope", "rollup", "needs_parts", "reports_drop", "weight", "lower_limit", "upper_limit",
)  # fmt: skip
_TARGET = (
    "indicator", "unit", "scope", "target_kind", "target_low", "target_high", "strict", "aspirational",
    "wording", "baseline", "baseline_period",
)  # fmt: skip


def _indicator_rows(key: str, plan: Plan) -> list[tuple[Any, ...]]:
    return [
        (key, i.code, *(str(getattr(i, name)) if name in ("measure", "accumulation") else getattr(i, name)
                        for name in _INDICATOR[1:]), n)
        for n, i in enumerate(plan.indicators)
    ]  # fmt: skip


def _targets(config: Config) -> list[tuple[Any, ...]]:
    """One row for the city and, where the target binds every reporter, one for each; exceptions win."""
    plan = config.plan
    own = {(t.indicator, t.unit): t for t in plan.unit_targets}
    indicators = {i.code: i for i in plan.indicators}
    codes = {u.code for u in config.units}

    def row(i: Indicator, unit: str, scope: str) -> tuple[Any, ...]:
        t: Target = i.target
        mine = own.pop((i.code, unit), None)
        low, high, baseline = t.low, t.high, i.baseline
        if mine is not None:
            low = mine.low if mine.low is not None else low
            high = mine.high if mine.high is not None else high
            baseline = mine.baseline if mine.baseline is not None else baseline
        return (i.code, unit, scope, str(t.kind), low, high, t.strict, t.aspirational, t.wording,
                baseline, i.baseline_period)  # fmt: skip

    rows = [row(i, plan.city, "city") for i in plan.indicators]
    rows += [row(i, unit, "unit") for i in plan.indicators if i.scope == "unit" for unit in i.reporters]
    for indicator, unit in list(own):
        rows.append(row(indicators[indicator], unit, "unit" if unit in codes else "city"))
    return rows
