"""What a milestone's reporters say stands where other indicators have a figure; of several, how many say which."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from drop_folder import COLLECTED, OPENED, PERIOD, Desk

from flows import steps
from flows.office import open_office
from flows.steps.picturing import states

ITEM, REPORTERS, ALONE = "I-12", ("JXJ", "SWJ", "FGJ"), "I-13"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    home: Path = tmp_path_factory.mktemp("states") / "home"
    (home / "config").mkdir(parents=True)
    plan = files("config").joinpath("plan.yml").read_text("utf-8")
    before, item, after = plan.partition(f"code: {ITEM}")
    shared = after.replace("reporters: [JXJ]", f"reporters: [{', '.join(REPORTERS)}]", 1)
    (home / "config" / "plan.yml").write_text(before + item + shared, "utf-8")
    desk = Desk(open_office(home, trigger="test"))
    steps.open_cycle(desk.office, PERIOD, OPENED)
    return desk


def drop(desk: Desk, unit: str, state: str, name: str) -> dict[tuple[str, str], str]:
    filled = desk.figures(unit)
    filled[ITEM] = replace(filled[ITEM], value=state)
    desk.drop(unit, name, desk.book(unit, filled))
    desk.collect()
    with desk.office.store() as store:
        return states(store, desk.office, PERIOD)


def test_several_reporters_are_counted_until_all_of_them_agree(desk: Desk) -> None:
    city = desk.office.config.plan.city
    with desk.office.store() as store:
        assert states(store, desk.office, PERIOD) == {}, "nobody has said anything"
    told = drop(desk, REPORTERS[0], "已完成", "a.xlsx")
    assert told[ITEM, city] == "已完成1家、未报送2家"
    assert told[ALONE, city] in ("未启动", "推进中", "已完成"), "a reporter of its own needs no counting"
    drop(desk, REPORTERS[1], "推进中", "b.xlsx")
    assert drop(desk, REPORTERS[2], "推进中", "c.xlsx")[ITEM, city] == "已完成1家、推进中2家"
    page = steps.report(desk.office, PERIOD, COLLECTED).summary.read_text("utf-8")
    row = page[page.index(f'<tr id="{ITEM}">') :]
    assert "已完成1家、推进中2家" in row[: row.index("</tr>")]
    drop(desk, REPORTERS[1], "已完成", "d.xlsx")
    assert drop(desk, REPORTERS[2], "已完成", "e.xlsx")[ITEM, city] == "已完成"
