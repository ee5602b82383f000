"""The Meizhou office with ``locale: en``: Chinese is left only where the register's own words stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from spoken import IDEOGRAPH, texts

from config.calendar import SHANGHAI
from config.language import CHINESE
from config.plan import Measure
from config.register import packaged
from flows import sample, steps
from flows.office import Office, open_office
from flows.steps.opening import workbook_specs
from warehouse.intake.parse import read_one
from warehouse.store import Reader

PERIOD = "2019-Q3"
OPENED = datetime(2019, 10, 8, 9, tzinfo=SHANGHAI)
COLLECTED = datetime(2019, 10, 16, 10, tzinfo=SHANGHAI)
REPORTED = datetime(2019, 10, 25, 9, tzinfo=SHANGHAI)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """One quarter with a file of every fate: accepted, questioned, returned, nil, CSV, misplaced, unreadable, copied."""
    home = tmp_path_factory.mktemp("english") / "home"
    (home / "config").mkdir(parents=True)
    settings = packaged().joinpath("settings.yml").read_text("utf-8")
    (home / "config/settings.yml").write_text(re.sub("(?m)^locale: zh", "locale: en", settings), "utf-8")
    office = open_office(home, trigger="test")
    assert office.say.code == "en"
    steps.open_cycle(office, PERIOD, OPENED)
    config = office.config
    specs = workbook_specs(office, PERIOD, OPENED, {}, OPENED)
    owing = [u for u in specs if specs[u].figures]
    # The first one owes a number, so that words in its place are no number.
    owing.sort(key=lambda u: sample.first_item(config, u, measure=Measure.AMOUNT) is None)
    wrong = {unit: sample.first_item(config, unit) for unit in owing[:6]}
    for unit, spec in specs.items():
        filled = sample.figures(config, unit, PERIOD)
        name, item = f"{unit}_{PERIOD}.xlsx", wrong.get(unit)
        if unit == owing[-1]:
            continue  # owes everything
        if item is not None and unit == owing[0]:
            number = sample.first_item(config, unit, measure=Measure.AMOUNT)
            assert number is not None
            filled = sample.with_text(filled, number, "about 1000")
        elif item is not None and unit == owing[1]:
            filled = sample.with_blank(filled, item)
        elif item is not None and unit == owing[2]:
            filled = sample.with_nil(filled, item, office.say)
        body = sample.workbook(spec, filled)
        if unit == owing[3]:
            name, body = f"{unit}.csv", sample.as_csv(body, "utf-8", office.say)
        drop(office, owing[5] if unit == owing[4] else unit, name, body)
    drop(office, owing[6], "photo.jpg", b"\xff\xd8\xff\xe0" + bytes(200))
    drop(office, "nobody", "table.xlsx", b"PK\x03\x04" + bytes(50))
    steps.collect(office, COLLECTED)
    drop(
        office,
        owing[7],
        "again.xlsx",
        (office.home.workbooks(PERIOD) / f"{owing[7]}_{PERIOD}.xlsx").read_bytes(),
    )
    steps.collect(office, COLLECTED)
    steps.remind(office, COLLECTED)
    steps.remind(office, REPORTED)
    steps.report(office, PERIOD, REPORTED, send=True)
    return office


def drop(office: Office, unit: str, name: str, body: bytes) -> None:
    path = office.home.inbox / unit / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def words_of(value: Any) -> Iterator[str]:
    """Every text in what the register, the contacts and the sender say."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from words_of(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from words_of(one)


def test_only_the_registers_own_words_are_chinese(office: Office) -> None:
    config = office.config
    given = [config.plan.model_dump(), [u.model_dump() for u in config.units], config.contacts.model_dump()]
    names = {re.sub(r"\s", "", text) for text in words_of([*given, config.settings.mail.sender_name])}
    # Longest first: a short label must not break a name in two.
    register = sorted((n for n in names if IDEOGRAPH.search(n)), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, register)))
    left: dict[str, list[str]] = {}
    places = 0
    for place, text in texts(office.home.root):
        places += 1
        rest = pattern.sub("", re.sub(r"\s", "", text))
        found = re.findall(f"(?:{IDEOGRAPH.pattern})+", rest)
        if place.endswith(".pdf"):  # a cell broken over two pages is a piece of a name
            found = [piece for piece in found if not any(piece in name for name in register)]
        if found:
            left[place] = found[:3]
    assert places > 300
    assert left == {}


def test_english_workbooks_were_read_as_they_were_meant(office: Office) -> None:
    with Reader(office.home.snapshot) as reader:
        counted = reader.con.execute("SELECT count(*), count(DISTINCT unit) FROM main.observation").fetchone()
        states = reader.con.execute(
            "SELECT DISTINCT state FROM main.observation WHERE state IS NOT NULL"
        ).fetchall()
        nil = reader.con.execute("SELECT count(*) FROM mart.observation WHERE status = 'nil'").fetchone()
        sheets = {s for (s,) in reader.con.execute("SELECT DISTINCT sheet FROM main.observation").fetchall()}
        rules = {r for (r,) in reader.con.execute("SELECT DISTINCT rule FROM mart.finding").fetchall()}
    assert counted is not None and counted[0] > 130 and counted[1] > 50
    assert {s for (s,) in states} <= {"未启动", "推进中", "已完成"}, "the mart keeps one spelling"
    assert nil == (1,)
    assert sheets == {"Figures", "Progress"}
    assert {"value_unreadable", "value_missing", "held", "unit_mismatch"} <= rules


def test_chinese_workbooks_are_read_in_an_english_office_too(office: Office, tmp_path: Path) -> None:
    unit = office.config.units[0].code
    spec = workbook_specs(office, PERIOD, OPENED, {}, OPENED)[unit]
    filled = sample.figures(office.config, unit, PERIOD)
    readings = []
    for code, say in (("zh", CHINESE), ("en", office.say)):
        path = tmp_path / f"{code}.xlsx"
        path.write_bytes(sample.workbook(replace(spec, say=say), filled))
        readings.append(read_one(path, code, path.name, {}))
    assert [list(r.problems) for r in readings] == [[], []]
    # item, number, denominator's state, state: what was written, whatever the headers were called.
    chinese, english = ([(r[3], r[9], r[19], r[20]) for r in reading.rows] for reading in readings)
    assert chinese == english and len(chinese) > 3
