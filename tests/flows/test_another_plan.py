"""Another country's plan, by year and in English, through the whole demo; and the scaffold to begin one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import median

import duckdb
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from spoken import IDEOGRAPH, texts

from config.calendar import Cadence
from config.register import Config, load_config
from flows import sample
from flows.cli import group
from flows.demo import default_period, example, quiet_periods

PERIOD, QUIET = "2027-A1", "2026-A1"
CITY = "AV"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("alder") / "home"
    done = CliRunner().invoke(group, ["demo", "--plan", "alder-vale", "--home", str(place)])
    assert done.exit_code == 0, done.output
    return place


@pytest.fixture(scope="module")
def shown(home: Path) -> dict[str, str]:
    return dict(texts(home))


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config([example("alder-vale")])


@pytest.fixture()
def mart(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(home / "warehouse.snapshot.duckdb"), read_only=True) as con:
        yield con


def test_no_word_of_another_language_is_left_anywhere(shown: dict[str, str]) -> None:
    kinds = {place.removesuffix(" (name)").removesuffix(" (head)").rpartition(".")[2] for place in shown}
    assert {"eml", "xlsx", "html", "docx", "finding"} <= kinds and len(shown) > 200
    left = {place: IDEOGRAPH.findall(text)[:5] for place, text in shown.items() if IDEOGRAPH.search(text)}
    assert left == {}


def test_what_people_read_is_english(shown: dict[str, str]) -> None:
    said = "\n".join(shown.values())
    for sentence in (
        "Please report your figures for 2027", "Everything due this period has been reported.", "Returned: 2027",
        "is not definite (an approximation, a range or an unusual spelling)", "Indicators behind schedule",
    ):  # fmt: skip
        assert sentence in said
    assert not re.search(r"(this|last|previous|each) quarter|\\bQ[1-4] 20", said), (
        "a yearly plan has no quarters"
    )


def test_the_mart_equals_an_independent_calculation(mart: duckdb.DuckDBPyConnection, config: Config) -> None:
    """Recomputed from the values typed in, in plain Python by method.md, for every target kind; time counted in years."""
    rows = mart.execute(
        "SELECT indicator, unit, actual, attainment_pct, met, progress_pct, expected_pct, light, required_per_quarter "
        "FROM mart.attainment WHERE period = ?", [QUIET],
    ).fetchall()  # fmt: skip
    got = {(r[0], r[1]): r[2:] for r in rows}
    own = {(t.indicator, t.unit): t.baseline for t in config.plan.unit_targets}
    kinds, elapsed, remaining = set(), 100 * 3 / 7, 4
    for i in config.plan.indicators:
        kinds.add((str(i.target.kind), i.reports_drop))
        typed = {u: sample.figures(config, u, QUIET)[i.code] for u in i.reporters}
        for unit in [CITY, *(i.reporters if i.scope == "unit" else ())]:
            parts = list(typed.values()) if unit == CITY else [typed[unit]]
            actual, attainment, met, progress, expected, light, required = got[i.code, unit]
            if i.target.kind == "milestone":
                assert (actual, progress, required) == (None, None, None) and met is (
                    parts[0].value == "已完成"
                )
                continue
            value = parts[0].value
            if len(parts) > 1 and i.rollup == "ratio":
                value = 100 * sum(p.numerator for p in parts) / sum(p.denominator for p in parts)
            elif len(parts) > 1 and i.rollup == "sum":
                value = sum(p.value for p in parts)
            assert actual == pytest.approx(value, abs=1e-9), i.code
            if i.target.kind == "unspecified":
                assert (attainment, met, progress, light, required) == (None, None, None, "none", None)
                continue
            base = 0.0 if i.reports_drop else own.get((i.code, unit), i.baseline)
            falls = i.target.kind == "at_most" or (i.target.kind == "reduction" and not i.reports_drop)
            goal = {"at_most": i.target.high, "full_coverage": 100.0}.get(str(i.target.kind), i.target.low)
            if i.target.kind == "reduction" and not i.reports_drop:
                goal = base * (1 - i.target.low / 100)
            done = 100 * (value - base) / (goal - base)
            reached = value <= goal if falls else value > goal if i.target.strict else value >= goal
            if i.scope == "unit" and unit == CITY:
                reached = all(p.value >= goal for p in parts)
            assert met is reached, i.code
            assert progress == pytest.approx(done), i.code
            assert attainment == pytest.approx(done if falls else 100 * value / goal), i.code
            due = elapsed
            if i.yearly_milestones:  # 18 million journeys are due in 2026
                due = 100 * (18 - base) / (goal - base)
            assert expected == pytest.approx(due), i.code
            if not (i.scope == "unit" and unit == CITY):
                gap = due - done
                assert light == (
                    "met" if reached else "green" if gap <= 0 else "yellow" if gap <= 25 else "red"
                ), i.code
            # Of a yearly total: what next year must bring, half-way between 18 and 21.
            step = 19.5 if i.accumulation == "ytd" else 0 if reached else abs(goal - value) / remaining
            assert required == pytest.approx(step), i.code
    assert {kind for kind, _ in kinds} == {
        "at_least", "at_most", "range", "reduction", "full_coverage", "milestone", "unspecified",
    }  # fmt: skip
    assert ("reduction", True) in kinds and ("reduction", False) in kinds


def test_a_projection_needs_four_years_and_follows_them(mart: duckdb.DuckDBPyConnection) -> None:
    rows = mart.execute(
        "SELECT indicator, list(actual ORDER BY period), list(projected_2020 ORDER BY period) "
        "FROM mart.attainment WHERE scope = 'city' AND indicator IN ('W-2', 'M-1', 'M-4', 'H-1', 'H-2') GROUP BY indicator"
    ).fetchall()  # fmt: skip
    assert len(rows) == 5
    for indicator, values, (*earlier, projected) in rows:
        assert len(values) == 4 and earlier == [None] * 3
        slope = median((b - a) / (t - s) for (s, a), (t, b) in combinations(enumerate(values), 2))
        assert projected == pytest.approx(median(v + slope * (6 - t) for t, v in enumerate(values))), (
            indicator
        )


def test_periods_deadlines_and_schedules_go_by_the_year(
    home: Path, config: Config, mart: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycles = mart.execute(
        "SELECT period, strftime(due_at AT TIME ZONE 'Asia/Shanghai', '%Y-%m-%d %H:%M') FROM main.cycle ORDER BY 1"
    ).fetchall()
    # The 20th working day of January, New Year's Day and Epiphany off.
    assert cycles == [
        ("2024-A1", "2025-01-30 16:00"), ("2025-A1", "2026-01-30 16:00"), ("2026-A1", "2027-02-01 16:00"), ("2027-A1", "2028-02-01 16:00"),
    ]  # fmt: skip
    assert default_period(config) == PERIOD
    book = load_workbook(home / "workbooks" / PERIOD / f"TRD_{PERIOD}.xlsx")
    figures = book["Figures"]
    heads = [c.value for c in figures[4]]
    assert heads[4:7] == ["Target 2030", "Previous value", "Value"]
    previous = {r[0].value: r[5].value for r in figures.iter_rows(min_row=5)}
    assert previous["M-1"] == sample.figures(config, "TRD", QUIET)["M-1"].value
    from datetime import datetime

    from config.calendar import SHANGHAI
    from flows.deployments import PLANNED, _schedule
    from flows.parameters import PeriodForm, quarters

    monkeypatch.setenv("JIBAO_HOME", str(home))
    assert quarters(config)[:2] == ["2030-A1", "2029-A1"] and len(quarters(config)) == 8
    assert PeriodForm().chosen_period(datetime(2028, 1, 15, 9, tzinfo=SHANGHAI)) == PERIOD
    opening = _schedule(PLANNED[0])
    assert opening is not None and opening.cron == "0 8 1 1 *"


def test_later_commands_find_the_plan_in_the_home(home: Path) -> None:
    done = CliRunner().invoke(group, ["status", "--home", str(home), "--period", PERIOD])
    assert done.exit_code in (0, 1) and "Environment Office" in done.output
    again = CliRunner().invoke(group, ["demo", "--plan", "alder-vale", "--home", str(home)])
    assert again.exit_code == 3 or "已有数据" in again.output
    unknown = CliRunner().invoke(group, ["demo", "--plan", "nowhere", "--home", str(home)])
    assert unknown.exit_code == 2 and "alder-vale" in unknown.output


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_scaffold_is_a_valid_register_and_overwrites_nothing(tmp_path: Path, locale: str) -> None:
    folder = tmp_path / "plans" / "ours"
    made = CliRunner().invoke(
        group, ["new-plan", str(folder), "--locale", locale, "--home", str(tmp_path / "h")]
    )
    assert made.exit_code == 0, made.output
    assert sorted(p.name for p in folder.iterdir()) == [
        "calendar.yml", "contacts.example.yml", "plan.yml", "settings.yml", "units.yml",
    ]  # fmt: skip
    told = CliRunner().invoke(group, ["plan", "--config", str(folder), "--home", str(tmp_path / "h")])
    assert told.exit_code == 0 and "I-2" in told.output
    assert load_config([folder]).settings.locale == locale
    if locale == "en":
        assert not any(IDEOGRAPH.search(p.read_text("utf-8")) for p in folder.iterdir())
    (folder / "plan.yml").write_text("mine", "utf-8")
    again = CliRunner().invoke(group, ["new-plan", str(folder), "--home", str(tmp_path / "h")])
    assert again.exit_code == 2 and (folder / "plan.yml").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("start", "end", "played"),
    [
        ("2023-A1", "2030-A1", "2024-A1 2025-A1 2026-A1 2027-A1"),
        ("2024-A1", "2030-A1", "2025-A1 2026-A1 2027-A1 2028-A1"),
        ("2024-A1", "2026-A1", "2025-A1 2026-A1"),
        ("2025-A1", "2026-A1", "2026-A1"),
        ("2024-Q4", "2025-Q2", "2025-Q1 2025-Q2"),
    ],
)
def test_the_demo_stays_within_the_plan(config: Config, start: str, end: str, played: str) -> None:
    """A plan from 2025 on, with baselines of 2024, was played from 2024."""
    cadence = Cadence.YEARLY if "A" in start else Cadence.QUARTERLY
    changed = {"start_period": start, "end_period": end, "cadence": cadence}
    planned = replace(config, plan=config.plan.model_copy(update=changed))
    period = default_period(planned)
    assert " ".join([*quiet_periods(planned, period), period]) == played
    assert quiet_periods(planned, start) == []


@pytest.mark.stress
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_scaffold_runs_through_the_demo(
    tmp_path: Path, locale: str, rounds: Callable[[int, int], int]
) -> None:
    if not rounds(0, 1):
        pytest.skip("half a minute each; make stress runs it")
    folder, home = tmp_path / "ours", tmp_path / "home"
    CliRunner().invoke(group, ["new-plan", str(folder), "--locale", locale, "--home", str(tmp_path / "h")])
    done = CliRunner().invoke(group, ["demo", "--config", str(folder), "--home", str(home)])
    assert done.exit_code == 0, done.output
    periods = sorted(p.parent.name for p in (home / "reports").glob("*/summary.html"))
    assert len(periods) == 4 and all(("Q" in p) is (locale == "zh") for p in periods)


@pytest.mark.parametrize("beside", [False, True])
def test_a_home_of_another_plan_begins_with_that_plan(tmp_path: Path, beside: bool) -> None:
    """By ``--config``, and with the files put into HOME/config as docs/your-own-plan.md says."""
    home = tmp_path / "home"
    ours = tmp_path / "ours" if beside else home / "config"

    def jibao(*words: str) -> str:
        done = CliRunner().invoke(group, [*words, "--home", str(home)])
        assert done.exit_code == 0, done.output
        return done.output

    jibao("new-plan", str(ours), "--locale", "en")
    (ours / "targets.csv").write_text("indicator,unit,baseline\nI-2,OFFICE,5\n", "utf-8")
    jibao("init", *(["--config", str(ours)] if beside else []))
    written = {f.name: f.read_bytes() for f in (home / "config").iterdir()}
    assert written["contacts.yml"] == (ours / "contacts.example.yml").read_bytes()
    for name in ("plan.yml", "units.yml", "calendar.yml", "settings.yml", "targets.csv"):
        assert written[name] == (ours / name).read_bytes(), name
    assert "My Plan" in jibao("plan")
    assert {f.name for f in (home / "inbox").iterdir()} == {u.code for u in load_config([ours]).units}
