"""The data-quality pages: what ran, what was found at which cell, every link leads somewhere, no network.

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

from checks import suites
from checks.rules import load_rules
from flows import sample
from flows.steps import quality
from flows.steps.collecting import NotChecked
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


def test_runs_name_the_unchecked_batch(desk: Desk, folder: Path) -> None:
    page = (folder / f"{PERIOD}-runs.html").read_text("utf-8")
    assert "有未校验的批次" in page and page.count('<tr id="run-') == 2
    assert f">{len(load_rules())}</a>" in page
    assert "great_expectations 1." in page


def test_every_rule_is_listed_with_what_it_did(folder: Path) -> None:
    page = (folder / f"{PERIOD}-rules.html").read_text("utf-8")
    for rule in load_rules():
        assert f'id="rule-{rule.rule}"' in page and rule.title in page
    assert "从未查出问题" in page and "从未用到" in page


def test_cells_name_sheet_and_cell_and_stay_inert(desk: Desk, folder: Path) -> None:
    page = (folder / f"{PERIOD}-cells.html").read_text("utf-8")
    for unit, sheet, cell in desk.sql("SELECT unit, sheet, cell FROM mart.finding WHERE severity = 'error'"):
        assert f'id="unit-{unit}"' in page and f"<td><b>{cell}</b></td>" in page and sheet in page
    assert "<img" not in page and "&lt;img src=x&gt;约1000" in page


def test_units_show_who_must_correct(desk: Desk, folder: Path) -> None:
    page = (folder / f"{PERIOD}-units.html").read_text("utf-8")
    for unit in desk.office.config.units:
        assert unit.name in page


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
