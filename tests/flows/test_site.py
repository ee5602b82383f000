"""The report site: every figure equals the mart, every link leads somewhere, only what changed is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html
from site_office import CORRECTED, PERIOD, REPORTED, SILENT

from flows.answers.explain import explain_document, explain_lines
from flows.office import Office
from flows.steps import siting, surveying
from templates import formats, site
from templates.pages import IndicatorView
from warehouse.store import Reader

Rows = list[dict[str, Any]]
LIGHTS = ("met", "green", "yellow", "red", "none")


@pytest.fixture(scope="module")
def office(reported: Office) -> Office:
    return reported


@pytest.fixture(scope="module")
def mart(office: Office) -> Iterator[Callable[[str], Rows]]:
    with Reader(office.home.snapshot) as reader:

        def ask(sql: str) -> Rows:
            cursor = reader.con.execute(sql)
            names = [c[0] for c in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        yield ask


def page(office: Office, name: str) -> Any:
    return html.fromstring((office.home.site / name).read_bytes())


def cells(element: Any) -> dict[str, str]:
    """Text of every marked figure below ``element``, its soft addition left out."""
    return {e.get("data-f"): (e.text or "").strip() for e in element.iter() if e.get("data-f") is not None}


def written(column: str, value: float | None, label: str) -> str:
    """As the page must write it, by the formatting rules."""
    if column in ("actual", "value", "baseline", "required_per_quarter"):
        return formats.quantity(value, label)
    if column == "gap_pp":
        return formats.points(value)
    return formats.percent(value) if column.endswith("_pct") else formats.number(value)


def test_every_assessed_figure_stands_on_its_indicator_page(
    office: Office, mart: Callable[[str], Rows]
) -> None:
    rows = mart("SELECT * FROM mart.attainment")
    labels = {i.code: i for i in office.config.plan.indicators}
    pages = {code: page(office, f"indicators/{code}.html") for code in labels}
    checked = 0
    for row in rows:
        one, label = labels[row["indicator"]], labels[row["indicator"]].unit_label
        if row["scope"] == "city":
            found = pages[one.code].xpath(
                f"//tr[@data-period='{row['period']}' and @data-unit='{row['unit']}']"
            )
        elif row["period"] == PERIOD:
            found = pages[one.code].xpath(f"//tr[@data-unit='{row['unit']}' and not(@data-period)]")
        else:
            continue
        [line] = found
        assert formats.light(row["light"]).label in line.text_content(), row
        for column, text in cells(line).items():
            if column in row and one.measure != "state":
                assert text == written(column, row[column], label), (
                    row["period"],
                    row["indicator"],
                    row["unit"],
                    column,
                )
                checked += 1
    assert checked > 400
    # No page shows a period or unit that the mart does not hold.
    shown = sum(len(p.xpath("//tr[@data-period]")) for p in pages.values())
    assert shown == sum(r["scope"] == "city" for r in rows)


def test_the_present_figures_stand_on_overview_and_lists(office: Office, mart: Callable[[str], Rows]) -> None:
    rows = {
        r["indicator"]: r for r in mart(f"FROM mart.attainment WHERE scope = 'city' AND period = '{PERIOD}'")
    }
    front = page(office, "index.html")
    lights = [r["light"] for r in rows.values()]
    cards = cells(front.xpath("//ul[@class='cards']")[0])
    assert {k: int(v) for k, v in cards.items()} == {k: lights.count(k) for k in LIGHTS}
    for listed in (front, page(office, "indicators.html")):
        lines = listed.xpath("//tr[@data-indicator]")
        for line in lines:
            row = rows[line.get("data-indicator")]
            for column, text in cells(line).items():
                assert text == written(
                    column, row[column], office.config.indicator(row["indicator"]).unit_label
                )
    assert {x.get("data-indicator") for x in lines} == set(rows)
    behind = {x.get("data-indicator") for x in front.xpath("//tr[@data-indicator]")}
    assert behind == {k for k, r in rows.items() if r["light"] in ("red", "yellow")}
    for name, row in rows.items():
        facts = page(office, f"indicators/{name}.html").xpath("//ul[@id='now']")[0]
        for column, text in cells(facts).items():
            if column == "gap_abs":
                assert text == formats.points(abs(row["gap_pp"]))
            else:
                assert (
                    text == written(column, row[column], office.config.indicator(name).unit_label)
                    or column in ("projected_2020",)
                    and text == formats.quantity(row[column], office.config.indicator(name).unit_label)
                ), (name, column)


def test_domains_and_periods_stand_on_the_overview(office: Office, mart: Callable[[str], Rows]) -> None:
    front = page(office, "index.html")
    domain_of = {i.code: i.domain or "" for i in office.config.plan.indicators}
    rows = mart(f"FROM mart.attainment WHERE scope = 'city' AND period = '{PERIOD}'")
    scores = {r["domain"] or "": r for r in mart(f"FROM mart.domain_score WHERE period = '{PERIOD}'")}
    cards = front.xpath("//li[@data-domain]")
    assert len(cards) == len(office.config.plan.domains) + 1
    for card in cards:
        shown, code = cells(card), card.get("data-domain")
        lights = [r["light"] for r in rows if domain_of[r["indicator"]] == code]
        assert {k: int(shown[k]) for k in LIGHTS if k in shown} == {
            k: lights.count(k) for k in LIGHTS if k in lights
        }
        score = scores.get(code, {}).get("score_pct")
        assert shown.get("score_pct", "—") == formats.percent(score)
    for line in front.xpath("//tr[@data-period]"):
        period, shown = line.get("data-period"), cells(line)
        [plan] = mart(f"FROM mart.plan_score WHERE period = '{period}'")
        assert shown["score_pct"] == formats.percent(plan["score_pct"])
        lights = [
            r["light"] for r in mart(f"FROM mart.attainment WHERE scope = 'city' AND period = '{period}'")
        ]
        assert {k: int(shown[k]) for k in LIGHTS} == {k: lights.count(k) for k in LIGHTS}


def test_every_revision_stands_with_its_file_and_cell(office: Office, mart: Callable[[str], Rows]) -> None:
    rows = mart(
        "SELECT h.*, s.file_name, s.sha256 FROM mart.observation_history h LEFT JOIN mart.submission s USING (submission_id)"
    )
    assert any(r["revision"] > 1 for r in rows)
    pages = {i.code: page(office, f"indicators/{i.code}.html") for i in office.config.plan.indicators}
    for row in rows:
        label = office.config.indicator(row["indicator"]).unit_label
        anchor = f"{row['period']}-{row['unit']}" + (
            "" if row["valid_to"] is None else f"-r{row['revision']}"
        )
        line = pages[row["indicator"]].get_element_by_id(anchor)
        text = line.text_content()
        assert line.get("data-revision") == str(row["revision"])
        said = "零报告" if row["status"] == "nil" else row["state"] or formats.quantity(row["value"], label)
        assert cells(line)["value"] == said
        assert (
            f"{row['sheet']}!{row['cell']}" in text
            and row["file_name"] in text
            and row["sha256"][:12] in text
        )
        assert (row["valid_to"] is not None) == (line.get("class") == "old")
    assert sum(len(p.xpath("//tr[@data-revision]")) for p in pages.values()) == len(rows)


def test_quarter_and_unit_pages_say_the_rates(office: Office, mart: Callable[[str], Rows]) -> None:
    periods = [r["period"] for r in mart("SELECT DISTINCT period FROM mart.attainment")]
    for period in periods:
        rates = {r["unit"]: r for r in mart(f"FROM mart.reporting_rate WHERE period = '{period}'")}
        ranks = {r["unit"]: r for r in mart(f"FROM mart.unit_rank WHERE period = '{period}'")}
        one = page(office, f"quarters/{period}.html")
        lines = one.xpath("//tr[@data-unit]")
        assert {x.get("data-unit") for x in lines} == set(rates)
        for line in lines:
            shown, row = cells(line), rates[line.get("data-unit")]
            for column in ("completeness_pct", "timeliness_pct", "quality_pct"):
                assert shown[column] == formats.percent(row[column])
            assert (int(shown["expected"]), int(shown["accepted"])) == (row["expected"], row["accepted"])
            assert shown["rank"] == ("—" if row["rank"] is None else str(row["rank"]))
            assert shown["attainment_pct"] == formats.percent(ranks[row["unit"]]["attainment_pct"])
        totals = cells(one.xpath("//ul[@id='now']")[0])
        expected, accepted = (sum(r[k] for r in rates.values()) for k in ("expected", "accepted"))
        assert (int(totals["expected"]), int(totals["accepted"])) == (expected, accepted)
        assert totals["completeness_pct"] == formats.percent(100 * accepted / expected)
        assert totals["timeliness_pct"] == formats.percent(
            100 * sum(r["timely"] for r in rates.values()) / expected
        )
        late = {x.get("data-late") for x in one.xpath("//tr[@data-late]")}
        assert late == {u for u, r in rates.items() if r["timely"] < r["expected"]}
    units = {x.get("data-unit"): cells(x) for x in page(office, "units.html").xpath("//tr[@data-unit]")}
    for row in mart(f"FROM mart.reporting_rate WHERE period = '{PERIOD}'"):
        assert (int(units[row["unit"]]["expected"]), int(units[row["unit"]]["accepted"])) == (
            row["expected"],
            row["accepted"],
        )
    assert SILENT in {
        x.get("data-late") for x in page(office, f"quarters/{PERIOD}.html").xpath("//tr[@data-late]")
    }


def test_explain_names_the_page_and_the_row_where_the_figure_stands(office: Office) -> None:
    """Every assessed figure of the city and of each unit, by what ``jibao explain`` says of it."""
    with Reader(office.home.snapshot) as reader:
        rows = reader.con.execute("SELECT period, indicator, unit, scope FROM mart.attainment").fetchall()
        assert {scope for *_, scope in rows} == {"city", "unit"}
        for period, indicator, unit, scope in rows[::3]:
            asked = None if scope == "city" else unit
            told = explain_document(reader, office.config, period, indicator, asked, office.home.site)
            name, _, anchor = str(told["page"]).partition("#")
            assert name.startswith("site/")
            line = page(office, name.removeprefix("site/")).get_element_by_id(anchor)
            shown, figure = cells(line), told["result"]
            if told["indicator"]["measure"] != "state" or scope == "unit":
                assert shown["progress_pct"] == formats.percent(figure["progress_pct"]), told["page"]
            assert formats.light(figure["light"]).label in line.text_content()
            assert f"页面：{told['page']}" in explain_lines(told)
        missing = explain_document(reader, office.config, PERIOD, "I-01", None, office.home.root / "nowhere")
    assert missing["page"] is None
    assert f"页面：尚未生成，请运行 jibao report --period {PERIOD}" in explain_lines(missing)


def test_actions_say_the_leads_word(office: Office, mart: Callable[[str], Rows]) -> None:
    states = {
        r["item"]: r["state"] or "" for r in mart(f"FROM mart.progress WHERE is_owed AND period = '{PERIOD}'")
    }
    one = page(office, "actions.html")
    shown = {x.get("data-item"): x.xpath("./td")[0].get("data-state") for x in one.xpath("//tr[@data-item]")}
    assert shown == states and len(states) == 48
    for state, count in cells(one.xpath("//ul[@id='now']")[0]).items():
        assert int(count) == list(states.values()).count(state)


def test_a_correction_reaches_its_own_quarter(office: Office, mart: Callable[[str], Rows]) -> None:
    unit, item, period = CORRECTED
    [row] = mart(
        f"FROM mart.observation WHERE unit = '{unit}' AND indicator = '{item}' AND period = '{period}'"
    )
    assert row["revision"] == 2
    shown = page(office, f"units/{unit}_{period}.html").get_element_by_id(item)[1].text_content()
    assert shown == formats.quantity(row["value"], office.config.indicator(item).unit_label)


def test_every_link_and_anchor_leads_somewhere(office: Office) -> None:
    parsed = {p: html.fromstring(p.read_bytes()) for p in office.home.site.rglob("*.html")}
    ids = {p: [e.get("id") for e in tree.iter() if e.get("id")] for p, tree in parsed.items()}
    assert len(parsed) > 150
    for path, tree in parsed.items():
        assert len(ids[path]) == len(set(ids[path])), path
        for target in [*tree.xpath("//a/@href"), *tree.xpath("//link/@href"), *tree.xpath("//script/@src")]:
            split = urlsplit(target)
            assert not split.scheme and not split.netloc, (path, target)
            there = (path.parent / unquote(split.path)).resolve() if split.path else path
            assert there.is_file(), f"{path.name}: {target}"
            if split.fragment:
                assert unquote(split.fragment) in ids[there], f"{path.name}: {target}"


def test_the_search_index_lists_everything_and_leads_there(office: Office) -> None:
    text = (office.home.site / "assets/search.js").read_text("utf-8")
    rows = json.loads(text.removeprefix("window.jibaoIndex=").removesuffix(";\n"))
    plan = office.config.plan
    wanted = {i.code for i in (*plan.indicators, *plan.actions, *plan.safeguards)} | {
        u.code for u in office.config.units
    }
    assert wanted <= {r[1] for r in rows}
    assert all((office.home.site / r[4].split("#")[0]).is_file() for r in rows)


def test_pages_carry_no_inline_code_and_a_strict_policy(office: Office) -> None:
    for path in office.home.site.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "default-src 'none'" in text and "unsafe" not in text.split("<body", 1)[0], path
        assert not re.search(r"<[a-z][^>]*\s(style|on[a-z]+)=", text), path
        assert not re.search(r"<script(?! type=\"application/json\"| src=\"(\.\./)?assets/)", text), path


def test_only_what_changed_is_written(office: Office) -> None:
    as_of = datetime.fromisoformat("2019-10-23T09:00:00+08:00")
    with Reader(office.home.snapshot) as reader:
        assert siting.write(office, reader, as_of) == []
        gone = office.home.site / "indicators/I-01.html"
        gone.unlink()
        assert siting.write(office, reader, as_of) == [gone]
        later = siting.write(office, reader, as_of + timedelta(hours=1))
    assert {p.name for p in later} == {"index.html"}, "only the overview tells the moment"


def test_of_many_revisions_the_newest_are_listed_and_every_unit_keeps_its_standing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surveyed() -> dict[str, IndicatorView]:
        with Reader(office.home.snapshot) as reader:
            found = surveying.survey(reader, office, REPORTED, frozenset(), drawn=False)
            assert found is not None
            return {view.entry.indicator: view for view in found.indicator_pages}

    every = surveyed()
    assert max(len(view.revisions) for view in every.values()) > 3
    monkeypatch.setattr(surveying, "REVISIONS_MAX", 3)
    for code, few in surveyed().items():
        full = every[code]
        assert few.revisions == full.revisions[:3] and full.revisions_left == 0
        assert few.revisions_left == max(len(full.revisions) - 3, 0)
        assert few.standings == full.standings and few.entry == full.entry


def test_without_the_chart_library_pages_keep_their_tables(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(site, "ECHARTS_SHA256", "0" * 64)
    site.echarts.cache_clear()
    try:
        bare = replace(office, home=replace(office.home, root=tmp_path))
        with Reader(office.home.snapshot) as reader:
            siting.write(bare, reader, datetime.fromisoformat("2019-10-23T09:00:00+08:00"))
    finally:
        monkeypatch.undo()
        site.echarts.cache_clear()
    assert not (bare.home.site / "assets/echarts.min.js").exists()
    text = (bare.home.site / "indicators/I-10.html").read_text("utf-8")
    assert "echarts" not in text and 'id="history"' in text
    assert site.echarts() is not None, "the locked distribution carries the very file"
