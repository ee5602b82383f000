"""What the planner makes of an assessment: tables made in its own transaction have no statistics, so it guesses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.bench.attainment import _FACTS, _REGISTER, AS_OF, INDICATORS
from warehouse import attainment
from warehouse.store import Store, query

CITIES, COUNTIES = 10, 60
EVERY_FOURTH = "if(i % 4 = 0, 'unit', 'city')"  # indicators with targets of the units' own
_STEP = attainment._step


def operators(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan["children"]:
        yield from operators(child)


def test_no_join_of_an_assessment_makes_more_rows_than_there_are_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reporters joined to cities by indicator alone are ten times as many rows; of a nation, 40 million."""
    most: dict[str, int] = {}

    def explained(store: Store, name: str, params: dict[str, Any]) -> None:
        text = query(name)
        if "TEMP TABLE" in text:
            selected = text.split(" AS\n", 1)[1]
            [(_, said)] = store.con.execute(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {selected}", attainment._needed(name, params)
            ).fetchall()
            most[name] = max(o.get("operator_cardinality", 0) for o in operators(json.loads(said)))
        _STEP(store, name, params)

    monkeypatch.setattr(attainment, "_step", explained)
    with Store(tmp_path / "w.duckdb") as store:
        store.con.execute(f"SET VARIABLE cities = {CITIES}")
        store.con.execute(
            _REGISTER.replace("range(10)", f"range({COUNTIES})").replace(EVERY_FOURTH, "'unit'")
        )
        store.con.execute(_FACTS.replace("range(23)", "range(20, 23)"))
        figures = store.rows("count_observations")[0]["observations"]
        with store.transaction():
            assert attainment.compute(store, "2020-Q3", AS_OF) > 0
    reporters = CITIES * COUNTIES * INDICATORS
    assert figures > 3 * reporters and len(most) > 6
    assert most["rollup_attainment"] >= figures, "the figures were added up here"
    assert {name: rows for name, rows in most.items() if rows > 2 * figures} == {}
