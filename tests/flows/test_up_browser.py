"""A coordinator in headless Chromium: rehearse and rerun by drop-downs, retry, sign, reopen, read the tables.

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
from test_up_api import drop

needs_chromium = pytest.mark.skipif(
    not (shutil.which("chromium") and shutil.which("chromedriver")), reason="needs chromium and chromedriver"
)
pytestmark = [pytest.mark.server, pytest.mark.browser, needs_chromium]
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
    service = Service(shutil.which("chromedriver"), env=os.environ | {"TZ": "Asia/Shanghai"})
    driver = webdriver.Chrome(options=options, service=service)
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


def fill(browser: webdriver.Chrome, **texts: str) -> None:
    for title, text in texts.items():
        field(browser, title, "textarea").send_keys(text)


def choose(browser: webdriver.Chrome, **choices: str) -> None:
    for title, text in choices.items():
        Select(field(browser, title, "select")).select_by_visible_text(text)


def keep(browser: webdriver.Chrome, name: str) -> None:
    if os.environ.get("JIBAO_SCREENSHOTS"):
        IMAGES.mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(IMAGES / f"{name}.png"))


def test_rehearsal_then_rerun_from_the_form(up: Up, browser: webdriver.Chrome) -> None:
    deployment = up.deployment("季度重跑/手工重跑")
    site = f"http://127.0.0.1:{up.port}"
    browser.get(f"{site}/deployments")
    WebDriverWait(browser, 60).until(lambda b: "手工重跑" in b.page_source and "每日维护" in b.page_source)
    keep(browser, "deployments")
    browser.get(f"{site}/deployments/deployment/{deployment['id']}?tab=Description")
    WebDriverWait(browser, 60).until(lambda b: "默认只试算" in b.page_source)
    keep(browser, "deployment")

    browser.get(f"{site}/deployments/deployment/{deployment['id']}/run")
    fill(browser, 事由="先试算", 以哪个时刻为准="2019-10-10")
    choose(browser, 报告期="2019-Q3", 填报单位="市商务局(SWJ)")
    keep(browser, "rerun-form")
    _button(browser, "Submit").click()
    rehearsed = up.ended(_submitted(up, deployment["id"], "先试算")["id"])
    assert rehearsed["state_name"] == "已试算", rehearsed["state"]
    browser.get(f"{site}/runs/flow-run/{rehearsed['id']}")
    WebDriverWait(browser, 60).until(
        lambda b: [
            e for e in b.find_elements(By.XPATH, "//*[normalize-space(.)='Artifacts']") if e.is_displayed()
        ]
    )[-1].click()
    WebDriverWait(browser, 60).until(lambda b: "rehearsal" in b.page_source.lower())
    keep(browser, "run-artifacts")

    browser.get(f"{site}/deployments/deployment/{deployment['id']}/run")
    fill(browser, 经办人="李统筹", 事由="界面重跑", 以哪个时刻为准="2019-10-10")
    choose(browser, 报告期="2019-Q3", 填报单位="市商务局(SWJ)")
    field(browser, "试算", "*[contains(@class,'p-toggle__control')]").click()
    time.sleep(1)  # the switch moves
    keep(browser, "rerun-form-real")
    _button(browser, "Submit").click()
    run = _submitted(up, deployment["id"], "界面重跑")
    ended = up.ended(run["id"])
    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    form = ended["parameters"]["form"]
    assert (form["period"], form["unit"], form["actor"]) == ("2019-Q3", "市商务局(SWJ)", "李统筹")
    assert ended["name"] == "2019-Q3 重跑 市商务局"
    browser.get(f"{site}/runs/flow-run/{run['id']}")
    WebDriverWait(browser, 60).until(lambda b: "2019-Q3 重跑 市商务局" in b.page_source)
    WebDriverWait(browser, 60).until(lambda b: "测算并生成通报" in b.page_source)
    keep(browser, "rerun-completed")


def test_the_tables_are_read_in_the_browser(up: Up, browser: webdriver.Chrome) -> None:
    up.ended(up.start("开启报送/季初开启", period="2019-Q3", as_of="2019-10-08"))
    for unit in ("KAJ", "ZJJ", "HBJ"):
        drop(up, unit)
    up.ended(
        up.start(
            "季度重跑/手工重跑",
            period="2019-Q3",
            as_of="2019-10-10",
            dry_run=False,
            actor="李统筹",
            reason="看表",
        )
    )
    site = f"http://127.0.0.1:{up.port}"
    browser.get(f"{site}/artifacts")
    WebDriverWait(browser, 60).until(lambda b: "who-owes" in b.page_source)
    keep(browser, "artifacts")
    shown = {"who-owes": "市商务局", "mail-queue": "2019-Q3 邮件", "findings": "2019-Q3", "attainment": "完成率",
             "progress": "重跑", "summary": "数据质量"}  # fmt: skip
    for key, words in shown.items():
        latest = {"artifacts": {"key": {"any_": [key]}}}
        [table] = up.api("/artifacts/latest/filter", latest)
        browser.get(f"{site}/artifacts/artifact/{table['latest_id']}")
        WebDriverWait(browser, 60).until(lambda b, words=words: words in b.page_source)
        keep(browser, f"{key}-links" if key == "summary" else key)
    browser.get(f"{site}/artifacts/key/who-owes")
    WebDriverWait(browser, 60).until(lambda b: "2019-Q3 应报" in b.page_source)
    assert "截止 2019-10-18 18:00" in browser.page_source
    keep(browser, "history")


def test_a_failed_run_is_retried_in_the_browser(up: Up, browser: webdriver.Chrome) -> None:
    up.ended(up.start("开启报送/季初开启", period="2018-Q2", as_of="2018-07-09"))
    blocked = up.home / "reports" / "2018-Q2"
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("a file where a folder belongs")
    run_id = up.start("通报/测算与通报", period="2018-Q2", as_of="2018-07-25")
    failed = up.ended(run_id)
    assert (failed["state_type"], failed["state_name"]) == ("FAILED", "办理失败"), failed["state"]
    browser.get(f"http://127.0.0.1:{up.port}/runs/flow-run/{run_id}")
    retry = _button(browser, "Retry")
    WebDriverWait(browser, 60).until(lambda b: "办理失败" in b.page_source)
    keep(browser, "failed")
    blocked.unlink()
    retry.click()
    time.sleep(1)
    keep(browser, "retry")
    _button(browser, "Retry", last=True).click()
    give_up = time.monotonic() + 120
    while up.api(f"/flow_runs/{run_id}")["state_name"] != "已生成通报":
        assert time.monotonic() < give_up, up.log()
        time.sleep(0.5)
    assert up.api(f"/flow_runs/{run_id}")["run_count"] == 2
    browser.get(f"http://127.0.0.1:{up.port}/runs/flow-run/{run_id}")
    WebDriverWait(browser, 60).until(lambda b: "已生成通报" in b.page_source)
    keep(browser, "retried")


def test_a_closed_quarter_is_reopened_in_the_browser(up: Up, browser: webdriver.Chrome) -> None:
    quarter = "2018-Q1"
    up.ended(up.start("开启报送/季初开启", period=quarter, as_of="2018-04-09"))
    form = {"period": quarter, "as_of": "2018-06-04", "actor": "李统筹"}
    closed = up.ended(up.start("统筹决定/办理", **form, matter="关闭报告期", reason="本季结束"))
    assert closed["state_name"] == "已办理", closed["state"]
    deployment = up.deployment("统筹决定/办理")
    site = f"http://127.0.0.1:{up.port}"
    browser.get(f"{site}/deployments/deployment/{deployment['id']}/run")
    fill(browser, 经办人="李统筹", 事由="县区更正后重开", 以哪个时刻为准="2018-06-05")
    choose(browser, 报告期=quarter, 事项="重新开启")
    keep(browser, "reopen-form")
    _button(browser, "Submit").click()
    ended = up.ended(_submitted(up, deployment["id"], "县区更正后重开")["id"])
    assert (ended["state_name"], ended["name"]) == ("已办理", f"{quarter} 统筹决定"), ended["state"]
    assert f"{quarter} 已重新开启" in ended["state"]["message"]
    browser.get(f"{site}/runs/flow-run/{ended['id']}")
    WebDriverWait(browser, 60).until(lambda b: "已办理" in b.page_source)
    keep(browser, "reopened")


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
        "通报签发/签发", period="2018-Q3", as_of="2019-12-28", actor="王科员", reason="界面签发"
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


def _submitted(up: Up, deployment_id: str, reason: str) -> dict[str, str]:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        runs = up.api("/flow_runs/filter", {"deployments": {"id": {"any_": [deployment_id]}}})
        mine = [r for r in runs if r["parameters"].get("form", {}).get("reason") == reason]
        if mine:
            return dict(mine[0])
        time.sleep(0.5)
    raise AssertionError("the form was not submitted")
