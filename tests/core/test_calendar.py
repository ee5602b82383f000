"""Due dates by the official calendar, and what happens beyond its range."""

from datetime import date, datetime

import pytest

from config.calendar import SHANGHAI, WorkCalendar, period_of, previous_period, quarter_end, quarter_start
from config.settings import Deadline


@pytest.mark.parametrize(
    ("period", "due"),
    [("2019-Q3", (2019, 10, 18)), ("2019-Q4", (2020, 1, 15)), ("2020-Q1", (2020, 4, 15))],
)
def test_due_on_the_tenth_working_day_at_six(period: str, due: tuple[int, int, int]) -> None:
    assert WorkCalendar().due_at(period, Deadline()) == datetime(*due, 18, tzinfo=SHANGHAI)


def test_make_up_days_count_and_holidays_do_not() -> None:
    calendar = WorkCalendar()
    assert calendar.is_working_day(date(2019, 10, 12))  # a Saturday worked for the National Day
    assert not calendar.is_working_day(date(2019, 10, 7))
    assert calendar.add_working_days(date(2019, 10, 8), -1) == date(2019, 9, 30)


def test_beyond_the_library_weekdays_are_provisional_and_overrides_win() -> None:
    day = date(2035, 1, 1)
    assert WorkCalendar().is_provisional(day) and WorkCalendar().is_working_day(day)
    fixed = WorkCalendar({day: False})
    assert not fixed.is_provisional(day) and not fixed.is_working_day(day)
    assert not WorkCalendar().is_provisional(date(2019, 1, 1))


def test_quarters() -> None:
    assert (quarter_start("2019-Q4"), quarter_end("2019-Q4")) == (date(2019, 10, 1), date(2019, 12, 31))
    assert quarter_end("2020-Q1") == date(2020, 3, 31)
    assert previous_period("2019-Q1") == "2018-Q4" and previous_period("2019-Q3", -2) == "2020-Q1"
    assert period_of(date(2020, 2, 29)) == "2020-Q1"
    with pytest.raises(ValueError, match="不是报告期"):
        quarter_start("2019Q3")
