"""A coordinator in headless Chromium: custom rerun, quarter and unit from the drop-downs, until it has completed.

Screenshots go to docs/img/ when JIBAO_SCREENSHOTS is set.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_office import Up
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

pytestmark = [
    pytest.mark.server,
    pytest.mark.browser,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="needs chromium and chromedriver",
    ),
]
IMAGES = Path(__file__).parents[2] / "docs" / "img"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1400,1500",
)  # fmt: skip


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def field(browser: webdriver.Chrome, title: str, control: str) -> WebElement:
    """The control under the label that starts with ``title``."""
    path = (
        "//div[contains(@class,'p-label') and contains(@class,'schema-form-property')]"
        f"[./div[@class='p-label__header']//span[starts-with(text(),'{title}')]]//{control}"
    )
    return WebDriverWait(browser, 60).until(lambda b: b.find_element(By.XPATH, path))


def keep(browser: webdriver.Chrome, name: str) -> None:
    if os.environ.get("JIBAO_SCREENSHOTS"):
        IMAGES.mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(IMAGES / f"{name}.png"))


def test_rerun_from_the_form(up: Up, browser: webdriver.Chrome) -> None:
    deployment = up.deployment("季度重跑/手工重跑")
    site = f"http://127.0.0.1:{up.port}"
    browser.get(f"{site}/deployments/deployment/{deployment['id']}")
    WebDriverWait(browser, 60).until(lambda b: "手工重跑" in b.page_source)
    browser.get(f"{site}/deployments/deployment/{deployment['id']}/run")
    field(browser, "经办人", "textarea").send_keys("李统筹")
    field(browser, "事由", "textarea").send_keys("界面重跑")
    field(browser, "以哪个时刻为准", "textarea").send_keys("2019-10-10")
    Select(field(browser, "报告期", "select")).select_by_visible_text("2019-Q3")
    Select(field(browser, "填报单位", "select")).select_by_visible_text("市商务局(SWJ)")
    keep(browser, "rerun-form")
    field(browser, "试算", "*[contains(@class,'p-toggle__control')]").click()
    before = time.time()
    browser.find_element(
        By.XPATH, "//button[.//*[normalize-space(text())='Submit'] or normalize-space(.)='Submit']"
    ).click()

    run = _submitted(up, deployment["id"])
    ended = up.ended(run["id"])
    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    form = ended["parameters"]["form"]
    assert (form["period"], form["unit"], form["actor"]) == ("2019-Q3", "市商务局(SWJ)", "李统筹")
    assert ended["name"] == "2019-Q3 重跑 市商务局"
    assert time.time() - before < 150
    browser.get(f"{site}/runs/flow-run/{run['id']}")
    WebDriverWait(browser, 60).until(lambda b: "2019-Q3 重跑 市商务局" in b.page_source)
    WebDriverWait(browser, 60).until(lambda b: "测算并生成通报" in b.page_source)
    keep(browser, "rerun-completed")
    [table] = up.api("/artifacts/latest/filter", {"artifacts": {"key": {"any_": ["who-owes"]}}})
    browser.get(f"{site}/artifacts/artifact/{table['latest_id']}")
    WebDriverWait(browser, 60).until(lambda b: "市商务局" in b.page_source)
    keep(browser, "who-owes")


def test_a_rehearsal_is_read_in_the_browser(up: Up, browser: webdriver.Chrome) -> None:
    ended = up.ended(up.start("季度重跑/手工重跑", period="2019-Q2", as_of="2019-07-10"))
    assert ended["state"]["name"] == "已试算", ended["state"]
    [table] = up.api("/artifacts/latest/filter", {"artifacts": {"key": {"any_": ["rehearsal"]}}})
    browser.get(f"http://127.0.0.1:{up.port}/artifacts/artifact/{table['latest_id']}")
    WebDriverWait(browser, 60).until(lambda b: "排队" in b.page_source or "重跑后" in b.page_source)
    keep(browser, "rehearsal")


def test_the_summary_is_signed_in_the_browser(up: Up, browser: webdriver.Chrome) -> None:
    if not (up.home / "workbooks" / "2018-Q3").is_dir():
        up.ended(up.start("开启报送/季初开启", period="2018-Q3", as_of="2018-10-08"))
    run_id = up.start(
        "通报签发/签发", period="2018-Q3", as_of="2018-10-28", actor="王科员", reason="界面签发"
    )
    give_up = time.monotonic() + 120
    while up.api(f"/flow_runs/{run_id}")["state_name"] != "待签发":
        assert time.monotonic() < give_up, up.log()
        time.sleep(0.5)
    site = f"http://127.0.0.1:{up.port}"
    [preview] = up.api("/artifacts/latest/filter", {"artifacts": {"key": {"any_": ["sign-off-preview"]}}})
    browser.get(f"{site}/artifacts/artifact/{preview['latest_id']}")
    WebDriverWait(browser, 60).until(lambda b: "收件人" in b.page_source)
    keep(browser, "sign-off-preview")
    browser.get(f"{site}/runs/flow-run/{run_id}")
    _button(browser, "Resume").click()
    field(browser, "签发人", "textarea").send_keys("李局长")
    field(browser, "意见", "textarea").send_keys("同意")
    Select(field(browser, "结论", "select")).select_by_visible_text("同意签发")
    time.sleep(1)
    keep(browser, "sign-off")
    _button(browser, "Submit", last=True).click()
    ended = up.ended(run_id)
    assert (ended["state_type"], ended["state_name"]) == ("COMPLETED", "已签发"), ended["state"]
    browser.get(f"{site}/runs/flow-run/{run_id}")
    WebDriverWait(browser, 60).until(lambda b: "已签发" in b.page_source)
    keep(browser, "sign-off-done")


def _button(browser: webdriver.Chrome, text: str, *, last: bool = False) -> WebElement:
    path = f"//button[.//*[normalize-space(text())='{text}'] or normalize-space(.)='{text}']"
    return WebDriverWait(browser, 60).until(
        lambda b: (
            [e for e in b.find_elements(By.XPATH, path) if e.is_displayed()][-1 if last else 0]
            if [e for e in b.find_elements(By.XPATH, path) if e.is_displayed()]
            else False
        )
    )


def _submitted(up: Up, deployment_id: str) -> dict[str, str]:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        runs = up.api("/flow_runs/filter", {"deployments": {"id": {"any_": [deployment_id]}}})
        mine = [r for r in runs if r["parameters"].get("form", {}).get("reason") == "界面重跑"]
        if mine:
            return dict(mine[0])
        time.sleep(0.5)
    raise AssertionError("the form was not submitted")
