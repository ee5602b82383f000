"""The published pages: one file, nothing loaded, the record's numbers, words beside every colour."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from view_samples import OFFICE, poisoned, summary

from templates.charts import trajectory
from templates.render import Renderer
from templates.report import summary_page
from templates.site_samples import SITE_PAGES
from templates.views import LightCounts, TrajectoryPoint

POISON = "{{7*7}}<script>alert(1)</script>\"'><img src=x>\u202e"
VOID = {"meta", "br", "line", "polyline", "circle", "rect", "link", "input"}


class Outline(HTMLParser):
    """Every tag closed in order, and the tags and attributes met."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [v for k, v in attrs if k == "id" and v]
        assert not any(k.startswith("on") or k == "src" for k, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def test_summary_is_one_whole_inert_file(renderer: Renderer) -> None:
    page = summary_page(renderer, OFFICE, summary())
    outline = Outline(page)
    assert "default-src 'none'" in page
    assert 'lang="zh-CN"' in page
    assert not {"script", "link", "img", "iframe"} & set(outline.tags)
    assert "http://" not in page
    assert "https://" not in page
    assert len(outline.ids) == len(set(outline.ids))
    assert "None" not in page
    assert page.count("<svg") == page.count("<desc>")


def test_summary_shows_the_record(renderer: Renderer) -> None:
    view = summary()
    page = summary_page(renderer, OFFICE, view)
    for line in view.indicators:
        assert line.name in page
    for shown in (
        "66.7%",
        "61.1%",
        "91.7%",
        "落后53个百分点",
        "目标值原文缺失",
        "双十一活动提前",
        "录入错误",
        "12亿元",
        "21亿元",
    ):
        assert shown in page
    assert "梅江区（尚欠2项）" in page
    # A rule's title says what is required, so the table must not call it the problem.
    assert "未满足的要求" in page and ">问题<" not in page
    assert re.search(r"0/2已达成", page)
    assert page.index("单位地区生产总值能耗下降率") < page.index("社会信用体系")


def test_summary_of_nothing_says_so(renderer: Renderer) -> None:
    empty = replace(
        summary(), counts=LightCounts(), previous_counts=None, domains=(), indicators=(), units=(),
        quality=(),
        explanations=(), restatements=(), not_checked=(), expected=0, accepted=0,
        completeness_pct=None, timeliness_pct=None, quality_pct=None,
    )  # fmt: skip
    page = summary_page(renderer, OFFICE, empty)
    Outline(page)
    assert "没有滞后的指标" in page
    renderer.mail("summary", view=empty, office=OFFICE)


def test_hostile_words_stay_words(renderer: Renderer) -> None:
    pages = [summary_page(renderer, poisoned(OFFICE, POISON), poisoned(summary(), POISON))]
    for page in pages:
        assert not {"script", "img"} & set(Outline(page).tags)
        assert "{{7*7}}" in page
        assert "\u202e" not in page


@pytest.mark.parametrize("name", sorted(SITE_PAGES))
def test_hostile_words_stay_words_on_the_site(renderer: Renderer, name: str) -> None:
    page = renderer.page(name, office=poisoned(OFFICE, POISON), view=poisoned(SITE_PAGES[name], POISON))
    inert = re.sub(
        r'<script (type="application/json"|src="(\.\./)?assets/[a-z.]+")[^>]*>.*?</script>',
        "",
        page,
        flags=re.S,
    )
    assert not {"script", "img"} & set(Outline(inert).tags)
    assert "{{7*7}}" in page
    assert "alert(1)</script>" not in page
    assert "\u202e" not in re.sub(r"<script.*?</script>", "", page, flags=re.S)


def test_complete_but_late_is_not_told_like_still_owing(renderer: Renderer) -> None:
    for name in ("site/units", "site/quarter"):
        page = renderer.page(name, office=OFFICE, view=SITE_PAGES[name])
        [row] = [line for line in page.splitlines() if "兴宁市" in line and "逾期" in line]
        assert "light yellow" in row and "▲</span> 逾期报齐" in row


def test_trajectory_draws_what_it_says() -> None:
    points = (
        TrajectoryPoint("2019-Q1", 0.0, 60.0),
        TrajectoryPoint("2019-Q2", None, 65.0),
        TrajectoryPoint("2019-Q3", 150.0, 70.0, None, "green"),
    )
    svg = str(trajectory("指标", points))
    assert svg.count("<circle") == 2  # a quarter without a figure has no dot
    assert "2019年第三季度实际进度150%" in svg
    assert 'data-light="green"' in svg
    xs = [float(x) for x in re.findall(r'cx="([\d.]+)"', svg)]
    assert xs[1] - xs[0] == pytest.approx(2 / 7 * 206, abs=0.2)  # the missing quarter keeps its place
    assert all(0 <= float(y) <= 64 for y in re.findall(r'cy="([\d.]+)"', svg))


def test_trajectory_of_nothing_is_nothing() -> None:
    assert trajectory("指标", ()) == ""
    assert trajectory("指标", (TrajectoryPoint("2019-Q1", None, 60.0),)) == ""
