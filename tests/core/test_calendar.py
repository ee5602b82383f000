"""Due dates by the official calendar, and what happens beyond its range."""

from datetime import date, datetime

import pytest

from config.calendar import (
    SHANGHAI,
    Cadence,
    WorkCalendar,
    cadence_of,
    period_end,
    period_index,
    period_of,
    period_start,
    previous_period,
)  # fmt: skip
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


@pytest.mark.parametrize("due", [date(2019, 10, 18), date(2019, 10, 19)], ids=["working day", "Saturday"])
@pytest.mark.parametrize("n", range(-12, 13))
def test_days_left_are_those_that_were_counted(due: date, n: int) -> None:
    calendar = WorkCalendar()
    assert calendar.working_days_left(calendar.add_working_days(due, -n), due) == n


def test_beyond_the_library_weekdays_are_provisional_and_overrides_win() -> None:
    day = date(2035, 1, 1)
    assert WorkCalendar().is_provisional(day) and WorkCalendar().is_working_day(day)
    fixed = WorkCalendar({day: False})
    assert not fixed.is_provisional(day) and not fixed.is_working_day(day)
    assert not WorkCalendar().is_provisional(date(2019, 1, 1))


def test_quarters() -> None:
    assert (period_start("2019-Q4"), period_end("2019-Q4")) == (date(2019, 10, 1), date(2019, 12, 31))
    assert period_end("2020-Q1") == date(2020, 3, 31)
    assert previous_period("2019-Q1") == "2018-Q4" and previous_period("2019-Q3", -2) == "2020-Q1"
    assert period_of(date(2020, 2, 29)) == "2020-Q1"
    with pytest.raises(ValueError, match="不是报告期"):
        period_start("2019Q3")


def test_years_are_periods_too_and_lie_on_the_same_axis() -> None:
    assert (period_start("2019-A1"), period_end("2019-A1")) == (date(2019, 1, 1), date(2019, 12, 31))
    assert previous_period("2019-A1") == "2018-A1" and previous_period("2019-A1", -2) == "2021-A1"
    assert period_of(date(2020, 2, 29), Cadence.YEARLY) == "2020-A1"
    assert period_index("2019-A1") == period_index("2019-Q4") == period_index("2020-Q1") - 1
    assert cadence_of("2019-A1") is Cadence.YEARLY and cadence_of("2019-Q3") is Cadence.QUARTERLY
    for wrong in ("2019", "2019-A2", "2019-Q5", "2019-A1\n", "2019-M07"):
        with pytest.raises(ValueError, match="不是报告期"):
            cadence_of(wrong)


def test_another_country_has_its_own_weekend_and_listed_holidays() -> None:
    holiday = date(2025, 10, 9)
    calendar = WorkCalendar({holiday: False}, country="XX", weekend=frozenset({4, 5}))
    assert not calendar.is_working_day(holiday)
    assert not calendar.is_working_day(date(2025, 10, 10)) and calendar.is_working_day(date(2025, 10, 12))
    assert calendar.is_working_day(date(2025, 10, 1))  # a holiday in China only
    assert not calendar.is_provisional(date(2025, 3, 3)) and calendar.is_provisional(date(2026, 3, 3))
    assert calendar.due_at("2024-A1", Deadline(due_working_day=3)).date() == date(2025, 1, 5)
