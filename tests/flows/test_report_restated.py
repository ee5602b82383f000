"""The whole way: what ``report`` wrote as of a day is written again to the byte, whatever was restated since."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from test_restating import EARLY, ITEM, LATE, Case, at

from flows import steps
from flows.office import open_office
from warehouse import restating


def written(case: Case, period: str, moment: datetime) -> dict[str, bytes]:
    """Every document of the report of ``period`` as of ``moment``, as it lies in the office's folder."""
    result = steps.report(case.office, period, moment)
    return {p.name: p.read_bytes() for p in sorted(result.summary.parent.iterdir()) if p.is_file()}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    home: Path = tmp_path_factory.mktemp("home")
    case = Case(open_office(home, trigger="test"))
    told: dict[str, Any] = {"case": case}
    steps.open_cycle(case.office, EARLY, at(7, 2))
    case.drop(EARLY, 300.0, at(7, 10), "q2.xlsx")
    told["early"] = written(case, EARLY, at(7, 20))
    with case.office.store() as store, store.transaction():
        restating.publish(store, EARLY, at(7, 20))
    steps.open_cycle(case.office, LATE, at(10, 8))
    case.drop(LATE, 500.0, at(10, 10), "q3.xlsx")
    told["late"] = written(case, LATE, at(10, 20))
    told["figures"] = case.figures(EARLY)
    case.drop(EARLY, 280.0, at(11, 1), "q2b.xlsx", "统计口径调整")
    told["late now"] = written(case, LATE, at(11, 2))
    told["figures now"] = case.figures(EARLY)
    told["late again"] = written(case, LATE, at(10, 20))
    told["early again"] = written(case, EARLY, at(7, 20))
    told["early now"] = written(case, EARLY, at(11, 2))
    (home / "config" / "targets.csv").write_text("indicator,unit,baseline\nI-01,441400,180\n", "utf-8")
    case.office = open_office(home, trigger="test")
    told["late based"] = written(case, LATE, at(11, 5))
    told["late before base"] = written(case, LATE, at(10, 20))
    yield told


def test_every_document_of_before_is_written_again_to_the_byte(told: dict[str, Any]) -> None:
    assert "summary.html" in told["late"]
    for again, before in (("late again", "late"), ("early again", "early"), ("late before base", "late")):
        assert told[again] == told[before], again


def test_only_the_restated_figure_changes_and_the_later_report_tells_it(told: dict[str, Any]) -> None:
    changed = {k for k, row in told["figures now"].items() if row != told["figures"][k]}
    assert changed == {(ITEM, "441400")}
    before, now = (told[k]["summary.html"].decode() for k in ("late", "late now"))
    assert "前期数据更正" not in before
    section = now[now.index("前期数据更正") :]
    assert re.search(r"300.*280.*统计口径调整", section[: section.index("</table>")], re.S)


def rows(page: bytes) -> dict[str, str]:
    """Each indicator's row of the table of figures."""
    found = re.findall(r'<tr id="([A-Z]-[\d-]+)">(.*?)</tr>', page.decode(), re.S)
    return dict(found)


def test_rows_of_the_other_figures_read_as_before(told: dict[str, Any]) -> None:
    old, new = rows(told["early"]["summary.html"]), rows(told["early now"]["summary.html"])
    assert len(old) > 40 and {k for k in old if old[k] != new[k]} == {ITEM}


def test_a_baseline_that_came_late_counts_from_its_day_and_says_so(told: dict[str, Any]) -> None:
    page = told["late based"]["summary.html"]
    assert "基期为后补" in rows(page)[ITEM] and "缺基期" in rows(told["late"]["summary.html"])[ITEM]
    old, new = rows(told["late now"]["summary.html"]), rows(page)
    assert {k for k in old if old[k] != new[k]} == {ITEM}
    section = page.decode()[page.decode().index("前期数据更正") :]
    assert "基期修订" in section
