"""The English catalogue is complete: every sentence has its English, none is left over, their places agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from catalogue_sources import PYTHON, ROOMS, ROOT, catalogue, is_chinese, sentences

from config.language import CHINESE, Language, language
from config.stored import PATTERNS
from templates.docx_layout import build
from templates.formats import day, light, moment, points, quantity, quarter
from templates.samples import DUE
from templates.workbook import FIGURE_HEADER, PROGRESS_HEADER, STATES
from warehouse.intake.words import words_of

SAID = sentences()
ENGLISH = {str(m.id): str(m.string) for m in catalogue() if m.id}
PLACES = re.compile(r"%\(\w+\)s|\{\w+(?::[^{}]*)?\}|\{\{.*?\}\}|\{%.*?%\}|</?\w[^>]*>")
SAY = language("en")


def test_every_sentence_has_its_english() -> None:
    assert [text for text in SAID if not ENGLISH.get(text)] == [], "see make catalogue"


def test_no_sentence_is_said_inside_an_f_string() -> None:
    """Before 3.12 an f-string is one token: what is said inside is hidden from the list of sentences."""
    hidden = [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        for text in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in PYTHON
    ]
    assert hidden == []


def test_nothing_is_left_over() -> None:
    assert sorted(set(ENGLISH) - set(SAID)) == []


def _places(sentence: str) -> list[str]:
    # A Chinese literal inside a Jinja place of the Word template is a sentence of its own.
    return sorted(re.sub(r"'[^']*'", "''", place) for place in PLACES.findall(sentence))


def test_places_agree_and_no_chinese_is_left() -> None:
    pairs = {text: ENGLISH[text] for text in set(SAID) & set(ENGLISH)}
    assert len(pairs) > 700
    assert [text for text, said in pairs.items() if is_chinese(said)] == []
    assert [(text, said) for text, said in pairs.items() if _places(said) != _places(text)] == []
    for text in pairs:
        if named := {name: "x" for name in re.findall(r"%\((\w+)\)s", text)}:
            # A literal per-cent sign beside places is doubled, here and there: both can be filled.
            assert CHINESE(text, **named) and SAY(text, **named)


def test_a_drop_down_and_its_hint_fit_into_excel() -> None:
    assert len(",".join(SAY(state) for state in STATES)) <= 255
    longest = (
        SAY("计量单位：%(unit)s。只填数字。", unit="x" * 40)
        + SAY("73%填73。")
        + SAY("分子、分母须同时填写。")
    )
    assert len(longest + SAY("没有数据请留空，确无发生额请在“零报告”选“是”。")) <= 255


def test_headers_of_a_workbook_can_be_told_apart_in_english() -> None:
    names = [
        SAY(name)
        for name in (
            *FIGURE_HEADER,
            *PROGRESS_HEADER,
            *STATES,
            "填报单位",
            "单位编码",
            "报告期",
            "填报行数",
            "是",
            "否",
        )
    ]
    assert len({name.replace(" ", "") for name in names}) == len(names)
    assert words_of("en")("Target2030") == "2020目标" and words_of("en")("Value") == "本期值"


def test_what_is_stored_in_chinese_is_listed() -> None:
    """Every Chinese literal that attainment notes and held files are made of stands in config.stored."""
    known = "\n".join(PATTERNS)
    scored = (ROOT / "warehouse/sql/query/score_attainment.sql").read_text("utf-8")
    notes = re.findall(r"'([^'\n]*)'", re.sub(r"--.*", "", scored))
    scanned = "\n".join(p.read_text("utf-8") for p in (ROOT / "warehouse/intake").glob("*.py"))
    held = re.findall(r'(?:Held|Refusal|refuse)\(HeldReason\.\w+, "([^"]*)"', scanned)
    assert len(notes) > 30 and len(held) > 30
    words = [
        w
        for text in (*notes, *held)
        if is_chinese(text)
        for w in re.split(r"[；]", text)
        if w and w != "已完成"
    ]
    assert [w for w in words if w not in known] == []


def test_stored_sentences_are_shown_in_english() -> None:
    assert SAY.stored("部分单位未报（3/8），合计不完整，不评灯；缺基期") == (
        "Some units have not reported (3 of 8); the total is incomplete and gets no status; No baseline"
    )
    assert SAY.stored("里程碑：推进中") == "Milestone: Under way"
    assert SAY.stored("River A（缺基期），River B（部分单位未报（1/2））") == (
        "River A (No baseline), River B (Some units have not reported (1 of 2))"
    )
    assert SAY.stored("as a clerk wrote it") == "as a clerk wrote it"


def test_numbers_and_dates_in_english() -> None:
    assert (moment(DUE, SAY), day(DUE, SAY)) == ("18 October 2019, 18:00", "18 October 2019")
    assert (quarter("2019-Q3", SAY), quarter("2019-A1", SAY)) == ("Q3 2019", "2019")
    assert quarter("2019-A1") == "2019年度"
    assert quantity(1234.5, "tonnes", say=SAY) == "1,234.5 tonnes" and quantity(73, "%", say=SAY) == "73%"
    assert points(3.25, say=SAY) == "3.3 percentage points" and light("red", SAY).label == "Far behind"


def test_a_yearly_plan_in_chinese_speaks_of_years() -> None:
    say = language("zh", is_yearly=True)
    assert say("本季没有应报项。") == "本年没有应报项。" and say("上季状态") == "上年状态"
    quarterly = re.compile("[本上每各该]季|以前季度")
    assert not [said for text in SAID if quarterly.search(said := say(text))]
    assert CHINESE("本季没有应报项。") == "本季没有应报项。"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="xx"):
        language("xx")


def test_the_shipped_english_word_template_is_what_the_layout_says() -> None:
    shipped = Path(ROOT / "templates/report/summary.en.docx").read_bytes()
    assert shipped == build(SAY)


def test_a_translator_is_a_value() -> None:
    assert isinstance(SAY, Language) and language("en") is SAY and language("zh") is CHINESE
