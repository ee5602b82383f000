"""Mails: complete, plain, strict about what they are given, and deaf to what others wrote into it."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError
from view_samples import MAILS, OFFICE, held, poisoned

from templates import formats
from templates.render import Renderer

POISON = "{{7*7}}{% raw %}<script>alert(1)</script><img src=x onerror=y>=cmd|' /C calc'!A0\u202egpj.exe"
BREAKS = "\r\nBcc: a@b.cn\u2028x\u2029y\x85z\x00"


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def test_every_packaged_mail_is_sampled() -> None:
    names = {
        f.name.split(".")[0]
        for f in (files("templates") / "mail").iterdir()
        if f.name.split(".")[0] not in ("base", "parts")
    }
    assert names == set(MAILS)


@pytest.mark.parametrize("name", MAILS)
def test_mail_has_subject_html_and_plain_text(renderer: Renderer, name: str) -> None:
    mail = renderer.mail(name, view=MAILS[name], office=OFFICE)
    assert re.match(r"【.+】", mail.subject)
    assert "\n" not in mail.subject
    assert mail.html.startswith("<!DOCTYPE html>")
    assert 'lang="zh-CN"' in mail.html
    assert 'style="' in mail.html
    assert "<style" not in mail.html
    assert not re.search(r"<(img|link|script|iframe)|url\(|http", mail.html)
    assert not re.search(r"<[a-z/!]|&[a-z]+;|\{[{%]", mail.text), "text part carries markup"
    for shown in (mail.html, mail.text, mail.subject):
        assert "None" not in shown
        assert OFFICE.contact in shown or shown is mail.subject


@pytest.mark.parametrize("name", MAILS)
def test_hostile_words_stay_words(renderer: Renderer, name: str) -> None:
    mail = renderer.mail(name, view=poisoned(MAILS[name], POISON), office=poisoned(OFFICE, POISON))
    assert "{{7*7}}" in mail.html
    assert "49<" not in mail.html.replace("&lt;", "<").split("{{7*7}}")[0][-3:]
    assert not re.search(r"<script|<img", mail.html)
    assert "&lt;script" in mail.html
    for shown in (mail.subject, mail.html, mail.text):
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", shown)


@pytest.mark.parametrize("name", MAILS)
def test_subject_is_one_line_whatever_names_hold(renderer: Renderer, name: str) -> None:
    mail = renderer.mail(name, view=poisoned(MAILS[name], BREAKS), office=poisoned(OFFICE, BREAKS))
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", mail.subject)
    assert len(mail.subject) <= 120
    assert not re.search("[\x00\x85\u2028\u2029\r]", mail.text)


def test_missing_value_is_an_error_not_a_blank(renderer: Renderer) -> None:
    with pytest.raises(UndefinedError):
        renderer.mail("opening", office=OFFICE)
    with pytest.raises(UndefinedError):
        renderer.mail("duplicate", view={"unit_name": "梅江区", "receipt_no": "1"}, office=OFFICE)


def test_held_speaks_differently_to_unit_and_coordinator(renderer: Renderer) -> None:
    unit = renderer.mail("held", view=held("unit"), office=OFFICE)
    coordinator = renderer.mail("held", view=held("coordinator"), office=OFFICE)
    assert "OLE2" not in unit.text
    assert "OLE2" in coordinator.text
    assert "请处理" in coordinator.subject


def test_reports_say_what_counts(renderer: Renderer) -> None:
    receipt = renderer.mail("receipt", view=MAILS["receipt"], office=OFFICE)
    assert receipt.text.splitlines()[0].startswith("梅江区本次报送已采用")
    assert "3项数据自收到时起计入，按时" in receipt.text
    assert "812.5亿元（原800亿元）" in receipt.text
    counted = receipt.text.split("已计入的数据：")[1].strip().split("\n\n")[0].splitlines()
    assert [line.split()[1] for line in counted] == ["G5", "G7", "G8"], "one figure a line"
    returned = renderer.mail("return", view=MAILS["return"], office=OFFICE)
    assert "其中3项无误，已计入" in returned.text.splitlines()[0]
    assert "[填报表 G5]" in returned.text


def test_who_owes_nothing_is_not_asked_for_nothing(renderer: Renderer) -> None:
    mail = renderer.mail("opening", view=replace(MAILS["opening"], items=()), office=OFFICE)
    for shown in (mail.text, mail.html):
        assert "本期没有必报事项。" in shown and "有2项措施由本单位配合，可视情况于" in shown
        assert "共0项" not in shown and "补报" not in shown and "另有" not in shown


def test_an_office_overrides_one_file_and_inherits_the_rest(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/alert.txt.j2").write_text(
        '{% extends "mail/base.txt.j2" %}{% block subject %}本局:{{ view.title }}{% endblock %}'
        "{% block body %}改写{% endblock %}",
        "utf-8",
    )
    mail = Renderer(tmp_path).mail("alert", view=MAILS["alert"], office=OFFICE)
    assert mail.subject == "本局:缺少联系人"
    assert mail.text.startswith("改写")
    assert "请补充联系人" in mail.html


def test_an_override_cannot_leave_the_sandbox(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/alert.txt.j2").write_text(
        "{% block subject %}{% endblock %}{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "utf-8",
    )
    with pytest.raises(SecurityError):
        Renderer(tmp_path).mail("alert", view=MAILS["alert"], office=OFFICE)


def test_bulk_mail_is_cheap(renderer: Renderer) -> None:
    """Thousands of units get opening mails at once; generous against a busy machine, 0.5 ms when measured."""
    started = time.perf_counter()
    for _ in range(200):
        renderer.mail("opening", view=MAILS["opening"], office=OFFICE)
    assert (time.perf_counter() - started) / 200 < 0.01


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [(1234.5, 2, "1,234.5"), (0.0, 2, "0"), (None, 2, "—"), (float("nan"), 2, "—"), (0.125, 2, "0.13"),
     (-0.001, 2, "0"), (1e9, 0, "1,000,000,000"), (73.0, 1, "73"), (2.675, 2, "2.68")],
)  # fmt: skip
def test_numbers_for_people(value: Any, decimals: int, shown: str) -> None:
    assert formats.number(value, decimals) == shown


def test_dates_quarters_and_lights() -> None:
    assert formats.moment(MAILS["opening"].due_at) == "2019年10月18日 18:00"
    assert formats.quarter("2019-Q3") == "2019年第三季度"
    assert formats.quarter("2019") == "2019"
    assert formats.quarter("") == "报告期不明"
    assert formats.status("") == "未报送"
    assert formats.light(None).label == "无法判断"
    assert len({(one.symbol, one.label) for one in formats.LIGHTS.values()}) == 5
