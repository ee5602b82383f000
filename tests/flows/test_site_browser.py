"""Every kind of page in headless Chromium, from disk and from the server: no network, no console message, no barrier.

Screenshots go to docs/img/ when JIBAO_SCREENSHOTS is set. axe-core is fetched by .ci/desktop.
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from site_office import CORRECTED, PERIOD

from flows.office import Office
from flows.service.serving import serve_site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="needs chromium and chromedriver",
    ),
]
IMAGES = Path(__file__).parents[2] / "docs" / "img"
AXE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jibao" / "axe-4.14.1.min.js"
KINDS = {
    "overview": "index.html", "indicators": "indicators.html", "indicator": "indicators/I-10.html",
    "corrected": f"indicators/{CORRECTED[1]}.html", "milestone": "indicators/I-12.html", "actions": "actions.html",
    "units": "units.html", "unit": f"units/441422_{PERIOD}.html", "quarter": f"quarters/{PERIOD}.html",
    "search": "search.html", "summary": f"{PERIOD}.html", "quality": f"quality/{PERIOD}-runs.html",
    "quality-rules": f"quality/{PERIOD}-rules.html", "quality-cells": f"quality/{PERIOD}-cells.html",
    "quality-units": f"quality/{PERIOD}-units.html",
}  # fmt: skip
KEPT = {"overview", "indicators", "indicator", "actions", "quarter", "unit", "units"}
CHARTED = {"overview", "indicator", "corrected", "quarter", "actions"}


@pytest.fixture(scope="module")
def office(reported: Office) -> Office:
    return reported


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def look(browser: Any, width: int, scheme: str = "light") -> None:
    phone = width < 500
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": phone}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def asked(browser: Any) -> set[str]:
    sent = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = {e["params"]["request"]["url"] for e in sent if e["method"] == "Network.requestWillBeSent"}
    return {u for u in urls if not u.startswith(("chrome", "data:", "about:"))}  # the empty first tab


@pytest.mark.parametrize("width", [360, 1280])
def test_every_kind_opens_from_disk_and_server(office: Office, browser: Any, width: int) -> None:
    look(browser, width)
    with serve_site(office.home, "127.0.0.1", 0) as port:
        for base in (office.home.site.as_uri() + "/", f"http://127.0.0.1:{port}/"):
            asked(browser)
            for kind, name in KINDS.items():
                browser.get(base + name)
                assert (
                    browser.execute_script("return document.querySelector('h1').textContent.trim().length")
                    > 1
                )
                wide = browser.execute_script("return document.documentElement.scrollWidth")
                assert wide <= width, f"{kind} is {wide} wide at {width}"
                live = browser.execute_script(
                    "return document.querySelectorAll('figure.chart.live canvas').length"
                )
                assert (live > 0) == (kind in CHARTED), kind
                assert browser.get_log("browser") == [], kind
            urls = asked(browser)
            assert urls and all(u.startswith(base) for u in urls), [u for u in urls if not u.startswith(base)]


def test_no_table_of_the_summary_is_cut_on_a_tablet(office: Office, browser: Any) -> None:
    look(browser, 800)
    browser.get((office.home.site / f"{PERIOD}.html").as_uri())
    cut = "return [...document.querySelectorAll('.scroll')].map(s => s.scrollWidth - s.clientWidth)"
    hidden = browser.execute_script(cut)
    assert hidden and not any(hidden)


def test_keyboard_search_sort_and_filter(office: Office, browser: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    look(browser, 1280)
    browser.get((office.home.site / "index.html").as_uri())
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("class") == "skip"
    browser.find_element(By.TAG_NAME, "body").send_keys("/")
    box = browser.switch_to.active_element
    assert box.get_attribute("id") == "q"
    outline = browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", box)
    assert outline == "solid", "focus is seen"
    box.send_keys("网上 办理率", Keys.ARROW_DOWN)
    assert (
        box.get_attribute("aria-expanded") == "true" and box.get_attribute("aria-activedescendant") == "hit-0"
    )
    box.send_keys(Keys.ENTER)
    assert browser.current_url.endswith("indicators/I-09.html")
    browser.get((office.home.site / f"quarters/{PERIOD}.html").as_uri())
    head = browser.find_elements(By.CSS_SELECTOR, "#ranks thead th")[2]
    for wanted in ("ascending", "descending"):
        head.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
        assert head.get_attribute("aria-sort") == wanted
    counts = browser.execute_script(
        "return [...document.querySelectorAll('#ranks td[data-f=expected]')].map(c => +c.textContent)"
    )
    assert counts == sorted(counts, reverse=True)
    browser.find_element(By.ID, "narrow").send_keys("商务")
    left = browser.find_elements(By.CSS_SELECTOR, "#ranks tbody tr:not([hidden])")
    assert [r.get_attribute("data-unit") for r in left] == ["SWJ"]
    assert browser.get_log("browser") == []


def test_tables_read_without_scripts(office: Office, browser: Any) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get((office.home.site / "indicators/I-10.html").as_uri())
        from selenium.webdriver.common.by import By

        assert browser.find_element(By.CSS_SELECTOR, "#now [data-f=actual]").text.endswith("%")
        assert not browser.find_element(By.CSS_SELECTOR, "figure.chart").is_displayed()
        assert not browser.find_element(By.CSS_SELECTOR, ".search").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler-utils")
@pytest.mark.parametrize("kind", ["overview", "indicator"])
def test_printed_pages_hold_the_figures_and_no_controls(
    office: Office, browser: Any, tmp_path: Path, kind: str
) -> None:
    from selenium.webdriver.common.by import By

    look(browser, 1280)
    browser.get((office.home.site / KINDS[kind]).as_uri())
    controls = ".skip, .masthead nav, .search, .hero .pager, .filter"
    words = {
        w for c in browser.find_elements(By.CSS_SELECTOR, controls) for w in c.text.split() if len(w) > 1
    }
    shown = [e.text.partition("\n")[0] for e in browser.find_elements(By.CSS_SELECTOR, "main [data-f]")]
    figures = Counter("".join(t.split()) for t in shown if any(c.isdigit() for c in t))
    assert len(figures) > 20 and {"总览", "索引"} <= words
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    (tmp_path / "page.pdf").write_bytes(base64.b64decode(printed["data"]))

    def read(how: str) -> bytes:
        command = ["pdftotext", how, str(tmp_path / "page.pdf"), "-"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    text = "".join(read("-raw").decode().split())
    assert {t: (n, text.count(t)) for t, n in figures.items() if text.count(t) < n} == {}
    browser.execute_script("document.querySelectorAll(arguments[0]).forEach(e => e.remove())", controls)
    rest = browser.find_element(By.TAG_NAME, "body").text
    alone = {w for w in words if w not in rest}  # what only the controls say
    assert {"索引"} <= alone and [w for w in alone | {"跳到正文", "搜索"} if w in text] == []
    for sheet in html.fromstring(read("-bbox")).iter("page"):
        width, height = float(sheet.get("width")), float(sheet.get("height"))
        assert (round(width), round(height)) == (595, 842), "A4"
        for word in sheet.iter("word"):
            left, right = float(word.get("xmin")), float(word.get("xmax"))
            assert left >= 0 and right <= width, word.text


def letters(office: Office, folder: Path) -> dict[str, Path]:
    """One mail of each subject's kind as the page a mail program shows, its inline pictures beside it."""
    shown: dict[str, Path] = {}
    for path in sorted(office.home.outbox.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        kind = str(message["subject"]).partition("】")[0].strip("【")
        if kind in shown:
            continue
        body = message.get_body(("html",))
        assert body is not None, path.name
        text = body.get_content()
        for part in message.walk():
            if mark := part.get("Content-ID"):
                picture = folder / f"{len(shown)}-{str(mark).strip('<>')}.png"
                picture.write_bytes(part.get_payload(decode=True))
                text = text.replace(f"cid:{str(mark).strip('<>')}", picture.name)
        shown[kind] = folder / f"{len(shown)}.html"
        shown[kind].write_text(text, "utf-8")
    return shown


@pytest.mark.parametrize("width", [360, 800])
def test_mails_fit_phone_and_desk(office: Office, browser: Any, tmp_path: Path, width: int) -> None:
    look(browser, width)
    browser.get_log("browser")
    shown = letters(office, tmp_path)
    assert {"通报", "回执"} <= set(shown)
    for kind, page in shown.items():
        browser.get(page.as_uri())
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width, (kind, wide)
        broken = "return [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src)"
        assert browser.execute_script(broken) == [], kind
        assert browser.get_log("browser") == [], kind
        if os.environ.get("JIBAO_SCREENSHOTS") and kind in ("通报", "回执"):
            tall = browser.execute_script("return document.documentElement.scrollHeight")
            size = {"width": width, "height": min(tall, 1600), "deviceScaleFactor": 1, "mobile": width < 500}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            name = {"通报": "summary-mail", "回执": "receipt-mail"}[kind]
            browser.save_screenshot(str(IMAGES / f"{name}-{width}.png"))


@pytest.mark.skipif(not os.environ.get("JIBAO_SCREENSHOTS"), reason="keeps pictures when asked to")
def test_documents_as_pictures(office: Office, tmp_path: Path) -> None:
    """Word by LibreOffice, PDF as it is: the first page of each."""
    folder = office.home.reports(PERIOD)
    [word], [pdf] = folder.glob("*.docx"), folder.glob("*.pdf")
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf",
         "--outdir", str(tmp_path), str(word)], check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    for source, name in ((tmp_path / f"{word.stem}.pdf", "summary-docx"), (pdf, "summary-pdf")):
        subprocess.run(
            ["pdftoppm", "-png", "-r", "80", "-f", "1", "-singlefile", str(source), str(IMAGES / name)],
            check=True,
        )


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not here (.ci/desktop fetches it)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_serious_barrier(office: Office, browser: Any, width: int, scheme: str) -> None:
    """Dark pages differ in colours alone: there only contrast is judged again."""
    look(browser, width, scheme)
    source = AXE.read_text("utf-8")
    found = []
    for kind, name in KINDS.items():
        browser.get((office.home.site / name).as_uri())
        browser.execute_cdp_cmd("Runtime.evaluate", {"expression": source})
        result = browser.execute_async_script(
            "const done = arguments[arguments.length - 1]; axe.run(arguments[0]).then(done, e => done({error: String(e)}))",
            {"resultTypes": ["violations"]} | ({} if scheme == "light" else {"runOnly": ["color-contrast"]}),
        )
        assert "error" not in result, result
        found += [
            (kind, v["id"], v["impact"], v["nodes"][0]["target"], v["nodes"][0]["failureSummary"][:160])
            for v in result["violations"] if v["impact"] in ("serious", "critical")
        ]  # fmt: skip
    assert found == []


@pytest.mark.skipif(not os.environ.get("JIBAO_SCREENSHOTS"), reason="keeps screenshots when asked to")
def test_screenshots(office: Office, browser: Any) -> None:
    for kind in sorted(KEPT):
        for width, scheme, mark in ((1280, "light", ""), (360, "light", "-phone"), (1280, "dark", "-dark")):
            if mark and kind not in ("overview", "indicator"):
                continue
            look(browser, width, scheme)
            browser.get((office.home.site / KINDS[kind]).as_uri())
            tall = min(browser.execute_script("return document.documentElement.scrollHeight"), 1500)
            size = {"width": width, "height": tall, "deviceScaleFactor": 1, "mobile": width < 500}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            browser.execute_script("window.dispatchEvent(new Event('resize'))")
            browser.save_screenshot(str(IMAGES / f"site-{kind}{mark}.png"))
