"""The data-quality pages: every figure equals the mart, every link leads somewhere, no network.

Screenshots go to docs/img/ when JIBAO_SCREENSHOTS is set.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from drop_folder import COLLECTED, PERIOD, Desk, open_desk
from lxml import html

from checks import suites
from checks.rules import load_rules
from flows import sample
from flows.steps import quality
from flows.steps.collecting import NotChecked
from templates import formats
from warehouse.store import Reader

IMAGES = Path(__file__).parents[2] / "docs" / "img"
LATER = COLLECTED + timedelta(hours=1)


class Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.ids: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.hrefs += [found["href"] or ""] if "href" in found else []
        self.ids += [found["id"] or ""] if "id" in found else []


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One batch that stayed unchecked, one that was judged: a wrong cell, a jump of units, a hostile name."""
    desk = open_desk(tmp_path_factory.mktemp("quality") / "home")
    item = sample.first_item(desk.office.config, "SWJ", measure="amount")
    assert item is not None
    wrong = sample.with_text(desk.figures("SWJ"), item, "<img src=x>约1000")
    desk.drop("SWJ", "表<b>.xlsx", desk.book("SWJ", wrong))
    desk.drop("441402", "表.xlsx", desk.book("441402", {}))
    desk.drop("441403", "表.xlsx", desk.book("441403"))
    desk.drop("441422", "说明.txt", "不是表".encode())  # held: it names no period
    real = suites.arguments

    def broken(rule: Any, thresholds: Any) -> dict[str, Any]:
        made = real(rule, thresholds)
        return {**made, "column": "no_such_column"} if rule.rule == "percent_range" else made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suites, "arguments", broken)
        with pytest.raises(NotChecked):
            desk.collect()
    desk.collect()
    with Reader(desk.office.home.snapshot) as reader:
        quality.write(desk.office, reader, PERIOD, LATER)
    desk.office.home.site.joinpath("index.html").write_text("<!DOCTYPE html><title>站点</title>", "utf-8")
    return desk


@pytest.fixture(scope="module")
def folder(desk: Desk) -> Path:
    return desk.office.home.site / "quality"


def lines(folder: Path, name: str) -> list[Any]:
    """Body rows of a page's tables."""
    return list(html.fromstring((folder / f"{PERIOD}-{name}.html").read_bytes()).xpath("//tbody/tr"))


def texts(line: Any) -> list[list[str]]:
    """Cell by cell, the pieces of text in each."""
    return [[t.strip() for t in cell.itertext() if t.strip()] for cell in line]


def findings(desk: Desk) -> list[tuple[Any, ...]]:
    """What is held against the files of the quarter, and against those of its time that name none."""
    return desk.sql(
        "SELECT f.unit, u.name, f.severity, f.rule, f.sheet, f.cell, f.indicator, f.value, f.message, s.receipt_no,"
        " s.file_name, s.status, s.received_at, f.run_id FROM mart.finding f JOIN mart.submission s USING (submission_id)"
        " LEFT JOIN (SELECT DISTINCT unit, name FROM main.unit) u ON u.unit = f.unit"
        " WHERE coalesce(s.period, ?) = ?", PERIOD, PERIOD,
    )  # fmt: skip


def test_runs_equal_the_mart(desk: Desk, folder: Path) -> None:
    shown = {line.get("id"): texts(line) for line in lines(folder, "runs")}
    runs = desk.sql("SELECT run_id, flow, outcome FROM mart.run WHERE flow IN ('collect', 'recheck')")
    assert set(shown) == {f"run-{run}" for run, _, _ in runs} and len(runs) == 2
    for run, flow, outcome in runs:
        ruled = desk.sql(
            "SELECT state, rows_failed, seconds, engine, recorded_at FROM main.check_run WHERE run_id = ?",
            run,
        )
        states = [r[0] for r in ruled]
        [[files]] = desk.sql(
            "SELECT count(DISTINCT submission_id) FROM main.verdict JOIN main.submission USING (submission_id)"
            " WHERE run_id = ? AND period = ?", run, PERIOD,
        )  # fmt: skip
        word = {"done": "● 完成", "failed": "■ 未校验"}[outcome]
        assert shown[f"run-{run}"] == [
            [formats.moment(min(r[4] for r in ruled)), run[:8]],
            [{"collect": "收取", "recheck": "复核"}[flow]], [word], [str(files)], [str(len(ruled))],
            [str(states.count("checked"))], [str(states.count("not_checked"))], [str(sum(r[1] for r in ruled))],
            [formats.number(sum(r[2] for r in ruled), 2)], [max(r[3] for r in ruled)],
        ]  # fmt: skip
    page = html.fromstring((folder / f"{PERIOD}-runs.html").read_bytes())
    held = [f[2] for f in findings(desk)]
    assert page.xpath("//ul[@class='facts']//b//text()") == [
        "2",
        "1",
        str(held.count("error")),
        str(held.count("warning")),
    ]
    assert "有未校验的批次" in page.text_content() and held.count("error") > 1


def test_rules_equal_the_mart(desk: Desk, folder: Path) -> None:
    shown = lines(folder, "rules")
    assert [line.get("id") for line in shown] == [f"rule-{rule.rule}" for rule in load_rules()]
    held = findings(desk)
    checked_runs = desk.sql(
        "SELECT rule, rows_checked, rows_failed, seconds, state, engine, run_id IN"
        " (SELECT run_id FROM main.verdict JOIN main.submission USING (submission_id) WHERE period = ?"
        " UNION SELECT run_id FROM mart.run WHERE period = ? OR (period IS NULL AND outcome = 'failed'))"
        " FROM main.check_run ORDER BY recorded_at", PERIOD, PERIOD,
    )  # fmt: skip
    for line, rule in zip(shown, load_rules(), strict=True):
        every = [row[1:] for row in checked_runs if row[0] == rule.rule]
        ran = [row for row in every if row[5]]
        ever = [sum(row[n] for row in every) for n in (0, 1)]
        mine = [f for f in held if f[3] == rule.rule]
        name, severity, checked, failed, now, ever_checked, ever_failed, seconds, note, units = texts(line)
        assert name == [rule.title, rule.rule + (f" · {ran[-1][4]}" if ran else "")]
        assert severity == [formats.severity(str(rule.severity))]
        assert [checked, failed, now] == [
            [str(sum(r[0] for r in ran))],
            [str(sum(r[1] for r in ran))],
            [str(len(mine))],
        ]
        assert [ever_checked, ever_failed] == [[str(n)] for n in ever]
        assert seconds == [formats.number(sum(r[2] for r in ran), 3)]
        broken = sum(r[3] == "not_checked" for r in ran)
        said = (
            f"■ {broken}次未能执行"
            if broken
            else "从未用到"
            if not ever[0]
            else "从未查出问题"
            if not ever[1]
            else ""
        )
        assert note == ([said] if said else []), rule.rule
        assert {u for u in units if u != "、"} == {f[1] for f in mine}, rule.rule
    assert "percent_range" in {f"{line.get('id')}"[5:] for line in shown if "未能执行" in line.text_content()}


def test_cells_equal_the_mart_and_stay_inert(desk: Desk, folder: Path) -> None:
    titles = {rule.rule: rule.title for rule in load_rules()}
    marks = {"error": "■", "warning": "▲", "info": "○"}
    names = dict(
        desk.sql("SELECT indicator, name FROM main.indicator UNION SELECT action, name FROM main.action")
    )
    wanted = sorted(
        [
            [f"{marks[severity]} {formats.severity(severity)}"], [sheet or "整份文件"], _some(cell),
            _some(names.get(item)), _some(value), [message], [titles[rule]],
            [receipt, f"{file} · {formats.status(status)}", f"{formats.moment(at)}收到"],
        ]
        for _, _, severity, rule, sheet, cell, item, value, message, receipt, file, status, at, _ in findings(desk)
    )  # fmt: skip
    shown = lines(folder, "cells")
    assert sorted(map(texts, shown)) == wanted and len(wanted) > 3
    for line in shown:  # below the heading of its own unit, with a link to its own run
        [unit] = line.xpath("preceding::h2[1]/@id")
        receipt = texts(line)[7][0]
        [[owner]] = desk.sql("SELECT unit FROM mart.submission WHERE receipt_no = ?", receipt)
        assert unit == f"unit-{owner}"
        runs = {f"{PERIOD}-runs.html#run-{f[13]}" for f in findings(desk) if f[9] == receipt}
        assert line.xpath("./td[8]/a/@href")[0] in runs
    page = (folder / f"{PERIOD}-cells.html").read_text("utf-8")
    assert "<img" not in page and "&lt;img src=x&gt;约1000" in page


def _some(text: str | None) -> list[str]:
    return [text] if text else []


def test_units_equal_the_mart(desk: Desk, folder: Path) -> None:
    """Also who sent nothing but a file that could not be read: it is a file, and its fault an error."""
    held = findings(desk)
    files = desk.sql("SELECT unit FROM mart.submission WHERE coalesce(period, ?) = ?", PERIOD, PERIOD)
    due = dict(
        desk.sql(
            "SELECT unit, count(DISTINCT item) FROM mart.correction_due WHERE period = ? GROUP BY unit",
            PERIOD,
        )
    )
    shown = [texts(line) for line in lines(folder, "units")]
    assert [row[0] for row in shown] == [[u.name, u.code] for u in desk.office.config.units]
    for row in shown:
        unit = row[0][1]
        count = [f[2] for f in held if f[0] == unit]
        assert row[1:] == [
            [str(n)]
            for n in (
                files.count((unit,)), count.count("error"), count.count("warning"), count.count("info"), due.get(unit, 0),
            )
        ], unit  # fmt: skip
    assert sum(int(row[2][0]) for row in shown) == sum(f[2] == "error" for f in held)
    assert {row[0][1] for row in shown if row[1] != ["0"]} == {"SWJ", "441402", "441403", "441422"}


def test_every_link_leads_to_a_page_and_an_anchor(folder: Path) -> None:
    parsed = {path: Links(path.read_text("utf-8")) for path in folder.glob("*.html")}
    assert len(parsed) == 5
    for path, links in parsed.items():
        assert len(links.ids) == len(set(links.ids)), path
        for href in links.hrefs:
            target = urlsplit(href)
            assert not target.scheme and not target.netloc, href
            there = (folder / unquote(target.path)).resolve() if target.path else path
            if there.parent != folder.resolve() and there.parent.name != "assets":
                continue  # the rest of the site is not written here; test_site.py follows these links
            assert there.is_file(), f"{path.name}: {href}"
            if target.fragment:
                assert unquote(target.fragment) in parsed[there].ids, f"{path.name}: {href}"


def test_the_pages_of_an_unopened_moment_are_empty_not_broken(tmp_path: Path) -> None:
    fresh = open_desk(tmp_path / "home")
    with Reader(fresh.office.home.snapshot) as reader:
        quality.write(fresh.office, reader, PERIOD, COLLECTED)
    folder = fresh.office.home.site / "quality"
    assert "还没有校验批次" in (folder / f"{PERIOD}-runs.html").read_text("utf-8")
    assert "没有发现数据问题" in (folder / f"{PERIOD}-cells.html").read_text("utf-8")
    assert (folder / f"{PERIOD}-rules.html").read_text("utf-8").count("从未用到") == len(load_rules()) + 1


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("needs chromium and chromedriver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    flags = (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--window-size=1280,1400",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}",
    )  # fmt: skip
    for flag in flags:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.mark.browser
def test_pages_open_from_disk_without_network_or_console_errors(browser: Any, folder: Path) -> None:
    from selenium.webdriver.common.by import By

    for path in sorted(folder.glob("*.html")):
        browser.get(path.as_uri())
        assert browser.find_element(By.TAG_NAME, "h1").text
        if os.environ.get("JIBAO_SCREENSHOTS") and path.name.endswith(("runs.html", "cells.html")):
            name = "quality.png" if path.name.endswith("runs.html") else "quality-cells.png"
            browser.save_screenshot(str(IMAGES / name))
    # From a run to a rule, to a unit's cells, and back to the run.
    browser.get((folder / "index.html").as_uri())
    browser.find_element(By.PARTIAL_LINK_TEXT, "第三季度").click()
    browser.find_element(By.LINK_TEXT, "逐格问题").click()
    browser.find_element(By.PARTIAL_LINK_TEXT, "收到").click()
    assert "-runs.html#run-" in browser.current_url
    assert browser.get_log("browser") == []
    sent = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [e["params"]["request"]["url"] for e in sent if e["method"] == "Network.requestWillBeSent"]
    # The empty first tab is the browser's own affair.
    asked = {url for url in urls if not url.startswith(("chrome", "data:"))}
    assert asked and all(url.startswith("file://") for url in asked), asked
