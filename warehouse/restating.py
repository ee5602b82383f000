"""Restating: what was published stays as it went out; what is known otherwise today is told beside it.

Belongs here: freezing a published assessment, bringing earlier quarters up to date, the difference
between the two, looking at the warehouse as of an instant. Does not: formulas (attainment), pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warehouse import attainment, audit
from warehouse.store import Rows, Store, query


@dataclass(frozen=True)
class Edition:
    """Which issue of a quarter's summary went out last. ``revision`` 0: the first.

    ``times_before``: earlier issues with these very figures; ``changed``: indicators that differ from the issue before.
    """

    revision: int = 0
    times_before: int = 0
    changed: int = 0


@contextmanager
def known_at(store: Rows, as_of: datetime) -> Iterator[None]:
    """Inside, the mart and the facts read as they were known at ``as_of``. For reading only."""
    store.con.execute(query("set_known_at"), {"as_of": as_of})
    store.con.execute(query("enter_known"))
    try:
        yield
    finally:
        store.con.execute(query("leave_known"))


def publish(store: Store, period: str, as_of: datetime) -> bool:
    """Freezes the assessment of ``period`` known at ``as_of`` as the published one. Call inside a transaction.

    False when exactly these figures are the published ones already, or when nothing was assessed.
    """
    assessed = digest(store, period, as_of)
    register = store.rows("read_register_as_of", {"as_of": as_of})
    if not assessed or not register:
        return False
    content_hash = assessed["content_hash"]
    last = store.rows("read_last_publication", {"period": period})
    if last and last[0]["content_hash"] == content_hash:
        return False
    sequence = last[0]["sequence"] + 1 if last else 1
    columns = ("period", "sequence", "published_at", "as_of", "content_hash", "plan_hash")
    row = (period, sequence, as_of, assessed["as_of"], content_hash, register[0]["plan_hash"])
    store.append("publication", columns, [row])
    before = {"sequence": last[0]["sequence"], "content_hash": last[0]["content_hash"]} if last else None
    after = {"sequence": sequence, "content_hash": content_hash, "as_of": assessed["as_of"]}
    audit.record(store, [audit.Note("publish", period, as_of, period=period, before=before, after=after)])
    with known_at(store, as_of):
        store.run("insert_published_figures", {"period": period, "sequence": sequence})
    return True


def edition(store: Store, period: str) -> Edition:
    """Of the publication of ``period`` that stands; the first one's where nothing was published."""
    found = store.rows("read_edition", {"period": period})
    return Edition(**found[0]) if found else Edition()


def digest(store: Store, period: str, as_of: datetime) -> dict[str, Any] | None:
    """``content_hash`` over all figures of ``period`` known at ``as_of``, and the ``as_of`` of their assessment."""
    with known_at(store, as_of):
        found = store.rows("read_attainment_digest", {"period": period})
    return found[0] if found else None


def recompute(
    store: Store, as_of: datetime, lights: tuple[float, float] = (0.0, 30.0), min_points: int = 4
) -> list[str]:
    """Assesses again every quarter that a later figure or register may have changed; returns those that did.

    Call inside a transaction, before :func:`differences`.
    """
    stale = [row["period"] for row in store.rows("list_stale_periods", {"as_of": as_of})]
    return [p for p in stale if attainment.compute(store, p, as_of, lights, min_points)]


def differences(store: Store, period: str) -> list[dict[str, Any]]:
    """Figures of published quarters up to ``period`` that are other now than when last published.

    Rows: period, indicator, name, unit, unit_name, scope, unit_label, old_value and new_value (the
    figure), old/new attainment_pct, progress_pct, light, projected_2020, changed (names of what
    differs), is_target_revised, reason (Chinese), submissions (ids of the files that changed it).
    """
    return store.rows("list_restatements", {"period": period})


def broken(store: Store) -> list[dict[str, Any]]:
    """Publications whose kept figures do not give their digest: period, sequence, published_at."""
    return store.rows("list_broken_publications")
