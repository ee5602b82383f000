"""One set of numbers: Word, PDF, page, unit pages and mail say what the mart says, cell by cell."""

from __future__ import annotations

import email
import email.policy
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import docx
import pytest
from lxml import html
from site_office import LATE, PERIOD, REPORTED, SILENT

from config.calendar import previous_period
from flows.office import Office, open_office
from flows.steps import documents, portraits
from flows.steps.picturing import summary_view
from templates.figures import domain_rows
from templates.typeset import summary_data
from templates.views import OfficeView
from warehouse.store import Reader

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def office(reported: Office) -> Office:
    """Two quarters; in the second one county is late and one says nothing."""
    return reported


@pytest.fixture(scope="module")
def folder(office: Office) -> Path:
    return office.home.reports(PERIOD)


@pytest.fixture(scope="module")
def mart(office: Office) -> Iterator[Reader]:
    with Reader(office.home.snapshot) as reader:
        yield reader


@pytest.fixture(scope="module")
def city(mart: Reader) -> Rows:
    rows: Rows = mart.rows("list_summary_indicators", {"period": PERIOD, "previous": previous_period(PERIOD)})
    assert {r["scope"] for r in rows} == {"city"}
    assert len(rows) > 40
    assert sum(r["progress_pct"] is not None for r in rows) > 15
    assert {r["light"] for r in rows} >= {"met", "green", "red", "none"}
    told = {o["indicator"]: o["state"] for o in records(mart, "observation", "state IS NOT NULL")}
    assert {"推进中", "已完成"} <= set(told.values())
    return [r | {"state": told.get(r["indicator"])} for r in rows]


@pytest.fixture(scope="module")
def rates(mart: Reader) -> Rows:
    names = {u["unit"]: u["name"] for u in mart.rows("list_summary_rates", {"period": PERIOD})}
    rows = [r | {"name": names[r["unit"]]} for r in records(mart, "reporting_rate", "TRUE")]
    assert len(rows) == 59
    return rows


def records(mart: Reader, view: str, condition: str) -> Rows:
    cursor = mart.con.execute(f"SELECT * FROM mart.{view} WHERE period = '{PERIOD}' AND {condition}")
    columns = [c[0] for c in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def said(text: str) -> Decimal | str | None:
    """The number in ``1,234.5亿元``, ``-3.2%``; None for the dash; the text itself when it is a state."""
    text = text.strip()
    if text == "—":
        return None
    found = re.match(r"-?[\d,]+(\.\d+)?", text)
    return Decimal(found[0].replace(",", "")) if found else text


def rounded(value: float | None, places: int) -> Decimal | None:
    """Half up, as the notice's readers round by hand; NaN is no number."""
    if value is None or value != value:
        return None
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def check_indicator(row: dict[str, Any], shown: dict[str, str]) -> None:
    if row["actual"] is not None:
        assert said(shown["actual"]) == rounded(row["actual"], 2), row["indicator"]
    elif row["state"]:
        assert shown["actual"].strip() == row["state"], row["indicator"]
    for column in ("progress_pct", "expected_pct", "gap_pp", "attainment_pct"):
        if column in shown:
            assert said(shown[column]) == rounded(row[column], 1), (row["indicator"], column)


def tables(path: Path, *heads: str) -> Iterator[list[str]]:
    """Rows of every Word table whose first row has all of ``heads``, cells in the order of ``heads``."""
    for table in docx.Document(str(path)).tables:
        top = [c.text for c in table.rows[0].cells]
        if set(heads) <= set(top):
            for row in table.rows[1:]:
                cells = [c.text for c in row.cells]
                yield [cells[top.index(h)] for h in heads]


def test_word_says_what_the_mart_says(folder: Path, city: Rows, rates: Rows) -> None:
    path = folder / "summary.docx"
    shown = {r[0]: r[1:] for r in tables(path, "编码", "现值", "进度", "应达", "完成率")}
    assert set(shown) == {r["indicator"] for r in city}
    for row in city:
        cells = dict(
            zip(
                ("actual", "progress_pct", "expected_pct", "attainment_pct"),
                shown[row["indicator"]],
                strict=True,
            )
        )
        check_indicator(row, cells)
    behind = {r[0]: r[1] for r in tables(path, "编码", "差距（百分点）")}
    assert set(behind) == {r["indicator"] for r in city if r["light"] in ("red", "yellow")}
    for row in city:
        if row["indicator"] in behind:
            assert said(behind[row["indicator"]]) == rounded(row["gap_pp"], 1)
    units = {
        r[0]: r[1:] for r in tables(path, "单位", "名次", "应报", "采用", "完整率", "及时率", "一次合格率")
    }
    for rate in rates:
        check_rate(rate, units[rate["name"]])
    text = "\n".join(p.text for p in docx.Document(str(path)).paragraphs)
    check_headline(text, city, rates)
    assert not re.search(r"\{[{%]|[%}]\}|None|nan", text)


def check_rate(rate: dict[str, Any], shown: list[str]) -> None:
    assert said(shown[0]) == rounded(rate["rank"], 0), rate["unit"]
    assert [said(x) for x in shown[1:3]] == [rate["expected"], rate["accepted"]]
    for cell, column in zip(shown[3:], ("completeness_pct", "timeliness_pct", "quality_pct"), strict=True):
        assert said(cell) == rounded(rate[column], 1), (rate["unit"], column)


def check_headline(text: str, city: Rows, rates: Rows) -> None:
    flat = re.sub(r"\s", "", text)
    lights = [r["light"] for r in city]
    assert f"{len(city)}项指标" in flat
    assert f"已达成{lights.count('met')}项" in flat
    assert re.search(
        rf"正常{lights.count('green')}项，滞后{lights.count('yellow')}项，严重滞后{lights.count('red')}项",
        flat,
    )
    assert re.search(rf"{lights.count('none')}项无法判断|无法判断{lights.count('none')}项", flat)
    expected, accepted = (sum(r[k] for r in rates) for k in ("expected", "accepted"))
    timely = sum(r["timely"] for r in rates)
    assert f"应报{expected}项，已采用{accepted}项" in flat
    for name, share in (("完整率", accepted), ("及时率", timely)):
        found = re.search(rf"{name}([\d.]+)%", flat)
        assert found
        assert Decimal(found[1]) == rounded(100 * share / expected, 1)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not installed")
def test_pdf_says_what_the_mart_says(folder: Path, city: Rows, rates: Rows) -> None:
    text = subprocess.run(
        ["pdftotext", "-layout", folder / "summary.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()
    check_headline(text, city, rates)
    assert "百分点" in text.split() and "分点" not in text.split(), "a heading breaks within a word"
    part = text[text.rindex("四、各项指标") : text.rindex("五、比上季变化")]
    lines = {m[1]: m[0] for m in re.finditer(r"^ *(I-\d\d) .*$", part, re.M)}
    assert set(lines) == {r["indicator"] for r in city}
    for row in city:
        tail = lines[row["indicator"]].split()[-4:]
        actual = re.search(r"(?:已达成|正常|滞后|无法判断) +(\S+)", lines[row["indicator"]])
        assert actual, lines[row["indicator"]]
        names = ("progress_pct", "expected_pct", "gap_pp", "attainment_pct")
        check_indicator(row, dict(zip(names, tail, strict=True)) | {"actual": actual[1]})
    part = text[text.rindex("六、报送情况") : text.rindex("七、数据质量")]
    for rate in rates:
        line = re.search(rf"^ *(\S+) +{rate['unit']} .*$", part, re.M)
        assert line
        check_rate(rate, [line[1], *line[0].split()[-5:]])


def test_typeset_data_says_what_the_mart_says(office: Office, city: Rows) -> None:
    """The same where no PDF reader is installed: what typst is given."""
    with office.store() as store:
        view = summary_view(store, office, PERIOD, REPORTED)
    data = json.loads(json.dumps(summary_data(OfficeView("", "", "", ""), view)))
    lines = {i["indicator"]: i for g in data["groups"] for i in g["lines"]}
    for row in city:
        one = lines[row["indicator"]]
        check_indicator(row, {"actual": one["actual"], "progress_pct": one["progress"], "expected_pct": one["expected"],
                              "gap_pp": one["gap"], "attainment_pct": one["attainment"]})  # fmt: skip


def test_page_says_what_the_mart_says(folder: Path, city: Rows, rates: Rows) -> None:
    page = html.fromstring((folder / "summary.html").read_bytes())
    for row in city:
        line = page.get_element_by_id(row["indicator"])
        cells = {e.get("data-f"): e.text_content() for e in line.iter() if e.get("data-f")}
        assert ("progress_pct" in cells) == (row["progress_pct"] is not None)
        check_indicator(row, cells)
    for rate in rates:
        line = page.xpath(f"//tr[@data-unit='{rate['unit']}' and not(@data-item)]")[0]
        check_rate(rate, [e.text_content() for e in line if e.tag == "td"])
    check_headline(page.text_content().replace("进度正常", "正常"), city, rates)


def letters(office: Office) -> list[EmailMessage]:
    found = [
        email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in office.home.outbox.rglob("*.eml")
    ]  # fmt: skip
    return [m for m in found if re.match("【通报】.*第三季度", str(m["Subject"]))]  # type: ignore[misc]


def test_mail_says_what_the_mart_says(office: Office, folder: Path, city: Rows, rates: Rows) -> None:
    mails = letters(office)
    assert mails
    for mail in mails:
        plain = mail.get_body(("plain",)).get_content().replace("\r", "")  # type: ignore[union-attr]
        page = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
        words = html.fromstring(page).text_content()
        for text in (plain, words):
            check_headline(text, city, rates)
        for row in city:
            if row["light"] not in ("red", "yellow"):
                continue
            line = re.search(
                rf"\] {re.escape(row['name'])}：现值(.*?)，目标.*；进度(.*?)，应达(.*?)，差(.*)", plain
            )
            assert line, row["name"]
            names = ("actual", "progress_pct", "expected_pct", "gap_pp")
            check_indicator(row, dict(zip(names, line.groups(), strict=True)))
            assert f"进度{line[2]}，应达{line[3]}，差{line[4]}" in words


def test_mail_carries_the_very_files_and_reads_without_images(office: Office, folder: Path) -> None:
    mail = letters(office)[0]
    attached = {a.get_filename(): a.get_content() for a in mail.iter_attachments()}
    assert attached == {
        "梅州市2019年第三季度进展通报.docx": (folder / "summary.docx").read_bytes(),
        "梅州市2019年第三季度进展通报.pdf": (folder / "summary.pdf").read_bytes(),
    }
    body = mail.get_body(("related", "html"))
    assert body is not None
    images = [p for p in body.walk() if p.get_content_maintype() == "image"]
    assert [p["Content-ID"] for p in images] == ["<lights.png>"]
    assert images[0].get_content() == (folder / "charts/lights.png").read_bytes()
    shown = html.fromstring(mail.get_body(("html",)).get_content())  # type: ignore[union-attr]
    picture = shown.xpath("//img")
    assert [i.get("src") for i in picture] == ["cid:lights.png"]
    assert "总体目标：" in picture[0].get("alt")
    assert "附件：梅州市2019年第三季度进展通报.docx" in shown.text_content()


def test_chart_counts_every_indicator_once(office: Office, city: Rows) -> None:
    with office.store() as store:
        view = summary_view(store, office, PERIOD, REPORTED)
    for light in ("met", "green", "yellow", "red", "none"):
        assert sum(c.of(light) for _, c in domain_rows(view)) == [r["light"] for r in city].count(light)


def test_documents_repeat_byte_for_byte(office: Office) -> None:
    with office.store() as store:
        view = summary_view(store, office, PERIOD, REPORTED)
    assert documents.make(office, view, chart=True) == documents.make(office, view, chart=True)


def test_an_unsent_report_leaves_no_stale_chart(office: Office, tmp_path: Path) -> None:
    with office.store() as store:
        view = summary_view(store, office, PERIOD, REPORTED)
    documents.write(office, view, tmp_path, documents.make(office, view, chart=True))
    assert "<img" in (tmp_path / "mails/summary.html").read_text("utf-8")
    assert (tmp_path / "charts/lights.png").is_file()
    documents.write(office, view, tmp_path)
    assert "<img" not in (tmp_path / "mails/summary.html").read_text("utf-8")
    assert not (tmp_path / "charts/lights.png").exists()


def test_an_edited_word_template_wins(office: Office, tmp_path: Path) -> None:
    own = open_office(tmp_path, trigger="test")
    with office.store() as store:
        view = summary_view(store, office, PERIOD, REPORTED)
    book = docx.Document()
    book.add_paragraph("本市自拟：已达成{{ view.counts.met }}项")
    (tmp_path / "config/templates/report").mkdir(parents=True)
    book.save(str(tmp_path / "config/templates/report/summary.docx"))
    made = docx.Document(io.BytesIO(documents.make(own, view).docx))
    assert [p.text for p in made.paragraphs] == [f"本市自拟：已达成{view.counts.met}项"]


def test_every_unit_has_a_page_with_its_own_figures(office: Office, mart: Reader, rates: Rows) -> None:
    reported = {
        (r["unit"], r["indicator"]): r
        for r in records(mart, "observation", "status = 'reported' AND state IS NULL")
    }
    own = records(mart, "attainment", "scope = 'unit'")
    standing = {(r["unit"], r["indicator"]): r for r in own}
    assert standing
    checked = 0
    for rate in rates:
        page = html.fromstring((office.home.site / f"units/{rate['unit']}_{PERIOD}.html").read_bytes())
        facts = {e.get("data-f"): e.text_content() for e in page.xpath("//ul[@class='facts']//*[@data-f]")}
        assert said(facts["accepted"]) == rate["accepted"]
        assert said(facts["expected"]) == rate["expected"]
        for column in ("completeness_pct", "timeliness_pct", "quality_pct"):
            assert said(facts[column]) == rounded(rate[column], 1)
        for line in page.xpath("//tr[@data-item]"):
            row = standing.pop((rate["unit"], line.get("data-item")))
            cells = {e.get("data-f"): e.text_content() for e in line.iter() if e.get("data-f")}
            for column in ("progress_pct", "expected_pct", "attainment_pct"):
                assert said(cells.get(column, "—")) == rounded(row[column], 1), (
                    row["unit"],
                    row["indicator"],
                )
        for (unit, indicator), row in reported.items():
            if unit == rate["unit"]:
                assert said(page.get_element_by_id(indicator)[1].text_content()) == rounded(row["value"], 2)
                checked += 1
    assert not standing, "every standing of a unit is on its page"
    assert checked > 40
    units = (office.home.site / "units.html").read_text("utf-8")
    assert f'href="units/{SILENT}_{PERIOD}.html"' in units


def test_a_unit_page_tells_what_is_owed_late_and_next(office: Office) -> None:
    silent = (office.home.site / f"units/{SILENT}_{PERIOD}.html").read_text("utf-8")
    assert "尚欠2项：行政审批事项网上办理率、社会服务事项网上办理率" in silent
    assert "请于2019年11月1日 18:00前补报（已逾期，按迟报登记）" in silent
    assert "2020年1月15日 18:00" in silent
    late = html.fromstring((office.home.site / f"units/{LATE}_{PERIOD}.html").read_bytes()).text_content()
    assert "■ 逾期" in late
    assert "本季应报各项均已采用" in late


def test_the_last_quarter_has_no_next(office: Office) -> None:
    with office.store() as store:
        views = portraits.portraits(store, office, PERIOD, REPORTED)
    last = replace(views[0], next_period=None, next_due_at=None)
    portraits.write(office, [replace(last, period="2020-Q4")])
    page = office.home.site / f"units/{last.unit}_2020-Q4.html"
    assert "下一次报送" not in page.read_text("utf-8")
    page.unlink()
