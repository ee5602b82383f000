"""What a form asks that cannot be meant ends with one Chinese line and no alarm, and nothing has been done."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.calendar import SHANGHAI
from flows import steps
from flows.automations import ALARMING
from flows.decide import _extend
from flows.desk import failure
from flows.office import open_office
from flows.parameters import (
    DecideForm,
    InstantForm,
    NotAnInstant,
    OpenForm,
    ReportForm,
    RerunForm,
    SignOffForm,
)
from flows.steps.deciding import DecisionRefused, check_moment
from flows.steps.opening import check_not_over
from flows.steps.viewing import NotOpened

OLD = "2018-Q1"


def test_a_rerun_opens_no_quarter_that_is_long_over(tmp_path: Path) -> None:
    office = open_office(tmp_path / "home", trigger="test")
    grace = office.config.calendar.grace_until(OLD, office.config.settings.deadline)
    check_not_over(office, OLD, grace)
    with pytest.raises(NotOpened, match="宽限期已于 2018-.* jibao open --period 2018-Q1") as refused:
        check_not_over(office, OLD, grace + timedelta(minutes=1))
    state = failure(refused.value)
    assert state.name == "尚未开启" and state.name not in ALARMING and "开启报送" in str(state.message)
    steps.open_cycle(office, OLD, grace + timedelta(days=300))
    check_not_over(office, OLD, grace + timedelta(days=300))  # opened by its own name: a rerun goes on


@pytest.mark.parametrize("year", [1019, 2219, 2091])
def test_an_instant_far_from_the_plan_is_refused(tmp_path: Path, year: int) -> None:
    office = open_office(tmp_path / "home", trigger="test")
    with pytest.raises(DecisionRefused, match="请核对年份") as refused:
        check_moment(office, datetime(year, 10, 8, 9, tzinfo=SHANGHAI))
    assert failure(refused.value).name not in ALARMING
    for near in (2014, 2019, 2027):
        check_moment(office, datetime(near, 10, 8, 9, tzinfo=SHANGHAI))


@pytest.mark.parametrize("form", [OpenForm, RerunForm, SignOffForm, ReportForm])
def test_a_mistyped_time_is_answered_in_chinese(form: type[InstantForm]) -> None:
    """The form itself takes it: what Prefect refuses while it reads a form is told in English and raises an alarm."""
    with pytest.raises(NotAnInstant) as refused:
        form(as_of="昨天").moment()
    state = failure(refused.value)
    assert state.name == "不能办理" and state.name not in ALARMING
    assert state.message == "'昨天' 不是时间；请写成 2019-10-25 或 2019-10-25T18:00"
    assert form(as_of=" 2019-10-25 ").moment() == datetime(2019, 10, 25, 9, tzinfo=SHANGHAI)


def test_a_mistyped_deadline_of_an_extension_too(tmp_path: Path) -> None:
    office = open_office(tmp_path / "home", trigger="test")
    form = DecideForm(unit="市商务局(SWJ)", until="下周五", actor="李统筹", reason="系统故障")
    with pytest.raises(NotAnInstant, match="'下周五' 不是时间"):
        _extend(office, form, "2019-Q3", datetime(2019, 10, 10, tzinfo=SHANGHAI))
