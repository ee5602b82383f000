"""The demo: four quarters of one office on sample uploads, with the mishaps of real life in the last one.

Everything runs through the same use cases as in an office; only the files and the calendar are staged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from config.calendar import SHANGHAI, Cadence, period_end, previous_period
from config.plan import Measure
from config.register import Config
from config.yamlfile import find
from flows import sample, steps
from flows.home import Home
from flows.office import Office, open_office
from flows.steps.opening import workbook_specs
from templates.workbook import Filled, WorkbookSpec


@dataclass(frozen=True)
class Mishap:
    """One staged upload that is not simply right; ``wave`` says in which collection it arrives."""

    wave: int
    unit: str
    file_name: str
    body: bytes
    story: str


class DemoRefused(RuntimeError):
    """The home already holds somebody's work."""


class NoSuchExample(ValueError):
    """No plan of that name ships; the message names those that do."""


def run_demo(office: Office, period: str, echo: Callable[[str], None]) -> list[str]:
    """Plays three quiet quarters, as far as the plan has them, and then ``period``; returns the closing lines (where everything lies).

    :raises DemoRefused: when the home is not empty
    """
    if office.home.warehouse.exists():
        raise DemoRefused(f"{office.home.root} 已有数据；演示只在空目录进行，请用 --home 指定另一个目录")
    office.home.create()
    began = time.monotonic()
    echo(f"演示：{office.config.plan.name}\n所有数据（含部分指标的基期值）均为虚构样例。")
    own = office.home.config / "targets.csv"
    if find([office.home.config, office.base], "targets.csv") is None:
        own.write_text(sample.baselines(office.config), "utf-8")
        office = open_office(office.home.root, office.base, office.trigger)
    for quiet in quiet_periods(office.config, period):
        _quiet_quarter(office, quiet, echo)
    _eventful_quarter(office, period, echo)
    return _closing(office, period, time.monotonic() - began)


def default_period(config: Config) -> str:
    """A period well within the plan, with three before it where the plan is long enough."""
    plan = config.plan
    late = previous_period(plan.end_period, 3 if plan.cadence is Cadence.YEARLY else 5)
    # Periods of one plan are of one kind: they sort as they follow each other.
    return min(plan.end_period, max(late, previous_period(plan.start_period, -4)))


def quiet_periods(config: Config, period: str) -> list[str]:
    """What is played before ``period``: nothing from before the plan, nor its start, where only baselines stand."""
    return [quiet for quiet in sample.earlier_periods(period) if quiet > config.plan.start_period]


def example(name: str) -> Traversable:
    """A plan that ships beside the packaged one.

    :raises NoSuchExample: with the names there are
    """
    folder = files("config").joinpath("examples")
    names = sorted(one.name for one in folder.iterdir() if one.is_dir())
    if name not in names:
        raise NoSuchExample(f"没有随程序发布的方案 {name}；可用：{'、'.join(names)}")
    return folder.joinpath(name)


def settle(base: Traversable, home: Home) -> None:
    """Copies a plan's files into HOME/config, so that every later command finds it there; own files stay.

    :raises DemoRefused: when the home is not empty
    """
    if home.warehouse.exists():
        raise DemoRefused(f"{home.root} 已有数据；演示只在空目录进行，请用 --home 指定另一个目录")
    home.config.mkdir(parents=True, exist_ok=True)
    for file in base.iterdir():
        own = home.config / file.name
        if file.is_file() and not own.exists():
            own.write_bytes(file.read_bytes())


def _moments(office: Office, period: str) -> tuple[datetime, datetime]:
    opened = datetime.combine(period_end(period) + timedelta(days=1), datetime.min.time(), SHANGHAI)
    return opened.replace(hour=8), office.config.calendar.due_at(period, office.config.settings.deadline)


def _quiet_quarter(office: Office, period: str, echo: Callable[[str], None]) -> None:
    opened_at, due_at = _moments(office, period)
    opened = steps.open_cycle(office, period, opened_at)
    for unit, spec in _specs(office, period, opened_at).items():
        body = sample.workbook(spec, sample.figures(office.config, unit, period))
        _drop(office, unit, f"{unit}_{period}.xlsx", body)
    collected = steps.collect(office, due_at - timedelta(days=1))
    steps.report(office, period, due_at + timedelta(days=1), send=True)
    echo(
        f"{period}：应报 {opened.obligations} 项，接收 {collected.accepted + collected.accepted_with_warnings} 份，已通报"
    )


def _eventful_quarter(office: Office, period: str, echo: Callable[[str], None]) -> None:
    calendar = office.config.calendar
    opened_at, due_at = _moments(office, period)

    def workday(n: int, hour: int) -> datetime:
        day = calendar.add_working_days(due_at.date(), n)
        return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)

    opened = steps.open_cycle(office, period, opened_at)
    echo(f"{period}：应报 {opened.obligations} 项，截止 {due_at:%Y-%m-%d %H:%M}，通知 {opened.mails} 封")
    specs = _specs(office, period, opened_at)
    mishaps = list(_mishaps(office, specs, period))
    told = {m.unit for m in mishaps}
    for m in mishaps:
        echo(f"  样例情形：{m.story}")
    silent = list(specs)[-1]
    for unit, spec in specs.items():
        if unit not in told and unit != silent:
            _drop(
                office,
                unit,
                f"{unit}_{period}.xlsx",
                sample.workbook(spec, sample.figures(office.config, unit, period)),
            )
    for wave, at in enumerate((workday(-2, 10), workday(0, 15), workday(2, 10))):
        for m in mishaps:
            if m.wave == wave:
                _drop(office, m.unit, m.file_name, m.body)
        collected = steps.collect(office, at)
        reminded = steps.remind(office, workday(wave - 1, 9) if wave else workday(-1, 9))
        echo(
            f"  {at:%m-%d %H:%M} 收取：接收 {collected.accepted + collected.accepted_with_warnings}，退回 {collected.returned}，"
            f"暂存 {collected.quarantined}，重复 {collected.duplicates}；催报 {reminded.queued} 封"
        )
    steps.report(office, period, workday(3, 9), send=True)


def _specs(office: Office, period: str, as_of: datetime) -> dict[str, WorkbookSpec]:
    """The workbooks as they were sent out (last quarter's figures included)."""
    with office.reader() as reader:
        rows = reader.rows("list_previous_figures", {"period": previous_period(period)})
    _, due_at = _moments(office, period)
    return workbook_specs(office, period, due_at, {(r["unit"], r["item"]): r for r in rows}, as_of)


def _mishaps(office: Office, specs: dict[str, WorkbookSpec], period: str) -> Iterator[Mishap]:
    """One of each: chosen by what a unit owes, so that any register has them as far as it can."""
    config, say = office.config, office.say
    free = [u for u in specs if specs[u].figures]
    names = {u.code: u.name for u in config.units}

    def pick(**wanted: object) -> tuple[str, str, dict[str, Filled]] | None:
        for unit in free:
            item = sample.first_item(config, unit, **wanted)
            if item is not None:
                free.remove(unit)
                return unit, item, sample.figures(config, unit, period)
        return None

    def book(unit: str, filled: dict[str, Filled]) -> bytes:
        return sample.workbook(specs[unit], filled)

    if found := pick(measure=Measure.AMOUNT):
        unit, item, filled = found
        yield Mishap(
            0,
            unit,
            f"{unit}_{period}.xlsx",
            book(unit, sample.with_text(filled, item, say("约1000"))),
            f"{names[unit]}：数字里夹文字（退回）",
        )
        mended = say("更正")
        yield Mishap(
            1, unit, f"{unit}_{period}_{mended}.xlsx", book(unit, filled), f"{names[unit]}：更正后重报"
        )
    if found := pick(measure=Measure.COUNT):
        unit, item, filled = found
        yield Mishap(
            0,
            unit,
            f"{unit}_{period}.xlsx",
            book(unit, sample.with_blank(filled, item)),
            f"{names[unit]}：应报项留空（退回）",
        )
    if found := pick(measure=Measure.COUNT):
        unit, item, filled = found
        yield Mishap(
            0,
            unit,
            f"{unit}_{period}.xlsx",
            book(unit, sample.with_nil(filled, item, say)),
            f"{names[unit]}：零报告",
        )
    if found := pick(needs_parts=True, scope="city"):
        unit, item, filled = found
        yield Mishap(
            0,
            unit,
            f"{unit}_{period}.xlsx",
            book(unit, sample.with_factor(filled, item, 0.45)),
            f"{names[unit]}：比率与分子分母不符（退回）",
        )
    if found := pick(scope="unit"):
        unit, item, filled = found
        yield Mishap(
            0,
            unit,
            f"{names[unit]}.csv",
            sample.as_csv(book(unit, filled), say=say),
            f"{names[unit]}：GB18030 编码的 CSV",
        )
    if found := pick(scope="unit"):
        unit, item, filled = found
        body = book(unit, filled)
        yield Mishap(0, unit, f"{unit}_{period}.xlsx", body, f"{names[unit]}：正常报送")
        copy = say("副本")
        yield Mishap(
            1, unit, f"{unit}_{period} - {copy}.xlsx", body, f"{names[unit]}：同一文件再投一次（重复）"
        )
    if found := pick(scope="unit"):
        unit, item, filled = found
        yield Mishap(
            2, unit, f"{unit}_{period}.xlsx", book(unit, filled), f"{names[unit]}：截止后才报（迟报）"
        )
    if len(free) >= 3:
        lender, borrower, cut = free[0], free[1], free[2]
        yield Mishap(
            0,
            borrower,
            f"{lender}_{period}.xlsx",
            book(lender, sample.figures(config, lender, period)),
            f"{names[borrower]}：文件夹里是{names[lender]}的表（暂存）",
        )
        yield Mishap(
            1,
            borrower,
            f"{borrower}_{period}.xlsx",
            book(borrower, sample.figures(config, borrower, period)),
            f"{names[borrower]}：改投本单位的表",
        )
        whole = book(cut, sample.figures(config, cut, period))
        yield Mishap(
            0, cut, f"{cut}_{period}.xlsx", whole[: len(whole) // 2], f"{names[cut]}：文件只传了一半（暂存）"
        )
        again = say("重传")
        yield Mishap(1, cut, f"{cut}_{period}_{again}.xlsx", whole, f"{names[cut]}：重新上传")
        free[:3] = [lender]
        yield Mishap(
            0,
            lender,
            f"{lender}_{period}.xlsx",
            book(lender, sample.figures(config, lender, period)),
            f"{names[lender]}：正常报送",
        )


def _drop(office: Office, unit: str, file_name: str, body: bytes) -> None:
    """Puts a file into the unit's folder as a finished copy (written a minute ago)."""
    path = office.home.inbox / unit / file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    then = time.time() - 60
    os.utime(path, (then, then))


def _closing(office: Office, period: str, seconds: float) -> list[str]:
    mails: Sequence[Path] = list(office.home.outbox.glob("*.eml"))
    return [
        f"完成，用时 {seconds:.0f} 秒。",
        f"通报    {office.home.reports(period) / 'summary.html'}",
        f"站点    {office.home.site / 'index.html'}",
        f"邮件    {office.home.outbox}（{len(mails)} 封 .eml）",
        f"退回件  {office.home.returned(period)}",
        f"仓库    {office.home.snapshot}（只读快照，mart 模式）",
    ]
