"""A published quarter stays as it went out; what is known otherwise later is told beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from config.calendar import SHANGHAI
from flows import letters, sample, steps
from flows.office import Office, open_office
from flows.steps.opening import workbook_specs
from flows.steps.picturing import summary_view
from templates.report import summary_page
from warehouse import attainment, register, restating
from warehouse.store import Store

EARLY, LATE = "2019-Q2", "2019-Q3"
ITEM, UNIT = "I-01", "SWJ"


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2019, month, day, hour, tzinfo=SHANGHAI)


@dataclass
class Case:
    office: Office

    def drop(self, period: str, value: float, moment: datetime, name: str, remark: str = "") -> None:
        """The unit's workbook with its own figures, but ``value`` for the item, collected at ``moment``."""
        spec = workbook_specs(self.office, period, moment, {}, moment)[UNIT]
        filled = sample.figures(self.office.config, UNIT, period)
        filled[ITEM] = replace(filled[ITEM], value=value, remark=remark)
        path = self.office.home.inbox / UNIT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.workbook(spec, filled))
        os.utime(path, (time.time() - 60,) * 2)
        steps.collect(self.office, moment, send=False)

    def assess(self, store: Store, period: str, moment: datetime) -> None:
        with store.transaction():
            register.record_register(store, self.office.config, moment)
            restating.recompute(store, moment)
            attainment.compute(store, period, moment)

    def page(self, period: str, moment: datetime, *, publish: bool = False) -> bytes:
        """The report as it reads at ``moment``, the way the report step draws it."""
        with self.office.store() as store:
            self.assess(store, period, moment)
            if publish:
                with store.transaction():
                    restating.publish(store, period, moment)
            with restating.known_at(store, moment):
                view = summary_view(store, self.office, period, moment)
        return summary_page(self.office.renderer, letters.Post(self.office, moment).view, view).encode()

    def figures(self, period: str) -> dict[tuple[str, str], dict[str, Any]]:
        with self.office.store() as store:
            result = store.con.execute(
                "SELECT * EXCLUDE (as_of, input_hash) FROM mart.attainment WHERE period = $p", {"p": period}
            )
            names = [c[0] for c in result.description or ()]
            rows = [dict(zip(names, r, strict=True)) for r in result.fetchall()]
        return {(r["indicator"], r["unit"]): r for r in rows}

    def differences(self, period: str) -> list[dict[str, Any]]:
        with self.office.store() as store:
            return restating.differences(store, period)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Two published quarters; then the first is restated, then its baseline arrives."""
    home = tmp_path_factory.mktemp("home")
    case = Case(open_office(home, trigger="test"))
    told: dict[str, Any] = {"case": case}
    steps.open_cycle(case.office, EARLY, at(7, 2))
    case.drop(EARLY, 300.0, at(7, 10), "q2.xlsx")
    told["early page"] = case.page(EARLY, at(7, 20), publish=True)
    steps.open_cycle(case.office, LATE, at(10, 8))
    case.drop(LATE, 500.0, at(10, 10), "q3.xlsx")
    told["late page"] = case.page(LATE, at(10, 20), publish=True)
    told["early"], told["late"] = case.figures(EARLY), case.figures(LATE)
    told["before"] = case.differences(LATE)
    case.drop(EARLY, 280.0, at(11, 1), "q2b.xlsx", "统计口径调整")
    told["late page after"] = case.page(LATE, at(11, 2))
    told["after"] = case.differences(LATE)
    told["early after"], told["late after"] = case.figures(EARLY), case.figures(LATE)
    told["early page again"], told["late page again"] = (
        case.page(EARLY, at(7, 20)),
        case.page(LATE, at(10, 20)),
    )
    (home / "config" / "targets.csv").write_text("indicator,unit,baseline\nI-01,441400,180\n", "utf-8")
    case.office = open_office(home, trigger="test")
    told["based page"] = case.page(LATE, at(11, 5))
    told["based"] = case.figures(LATE)
    told["after base"] = case.differences(LATE)
    told["late page before base"] = case.page(LATE, at(10, 20))
    yield told


def test_report_of_before_is_byte_identical_after_a_restatement(told: dict[str, Any]) -> None:
    assert told["early page again"] == told["early page"]
    assert told["late page again"] == told["late page"]
    assert told["late page after"] != told["late page"]


def test_restated_quarter_changes_exactly_the_figures_that_depend_on_it(told: dict[str, Any]) -> None:
    changed = {k for k, row in told["early after"].items() if row != told["early"][k]}
    assert changed == {(ITEM, "441400")}
    assert told["early after"][(ITEM, "441400")]["actual"] == 280
    assert told["late after"] == told["late"], "two points make no projection, so nothing of Q3 depends on Q2"


def test_restatement_is_told_with_old_value_new_value_reason_and_file(told: dict[str, Any]) -> None:
    assert told["before"] == []
    (row,) = told["after"]
    assert (row["period"], row["indicator"], row["unit"], row["scope"]) == (EARLY, ITEM, "441400", "city")
    assert (row["old_value"], row["new_value"]) == (300, 280)
    assert "市商务局" in row["reason"] and "统计口径调整" in row["reason"]
    assert len(row["submissions"]) == 1 and "actual" in row["changed"]


def test_late_baseline_shows_from_its_day_on_and_is_told(told: dict[str, Any]) -> None:
    before, after = told["late after"][(ITEM, "441400")], told["based"][(ITEM, "441400")]
    assert before["progress_pct"] is None and "缺基期" in before["note"]
    assert after["progress_pct"] == pytest.approx(100 * (500 - 180) / (1000 - 180))
    assert "缺基期" not in after["note"] and "基期为后补" in after["note"]
    assert told["late page before base"] == told["late page"]
    rows = {(r["period"], r["indicator"]): r for r in told["after base"]}
    assert set(rows) == {(EARLY, ITEM), (LATE, ITEM)}
    assert "基期修订" in rows[(LATE, ITEM)]["reason"] and "progress_pct" in rows[(LATE, ITEM)]["changed"]
    page = told["based page"].decode()
    table = page[page.index("前期数据更正") :].split("</table>")[0]
    (late,) = (row for row in table.split("<tr>") if "滞后 39%" in row)
    assert late.count("500") == 2 and "无法判断 —" in late, "the value stands; light and progress are told"


def test_noise_in_what_was_published_is_no_restatement(told: dict[str, Any]) -> None:
    """Results were stored unrounded before; the quarters that went out like that are the same still."""
    with told["case"].office.store() as store:
        before = restating.differences(store, LATE)
        store.con.begin()
        store.con.execute(
            "UPDATE published_figure SET progress_pct = progress_pct + 1e-12, actual = actual - 1e-13"
        )
        after = restating.differences(store, LATE)
        store.con.rollback()
    assert [r["changed"] for r in after] == [r["changed"] for r in before]


def test_publishing_the_same_again_adds_nothing_and_tampering_shows(told: dict[str, Any]) -> None:
    with told["case"].office.store() as store:
        assert restating.broken(store) == []
        with store.transaction():
            assert restating.publish(store, LATE, at(11, 5))
            assert not restating.publish(store, LATE, at(11, 6))
            store.con.execute(
                "UPDATE published_figure SET actual = 1 WHERE period = '2019-Q2' AND indicator = 'I-01'"
            )
        assert [b["period"] for b in restating.broken(store)] == [EARLY]
