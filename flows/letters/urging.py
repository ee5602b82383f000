"""Letters that ask: the opening of a quarter, and reminders of what is still owed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.contacts import Person
from flows.letters.posting import Post
from flows.mailing.compose import Attachment
from flows.office import Office
from templates.formats import quarter
from templates.views import OpeningView, OwedItem, OwingUnit, ReminderView
from warehouse.ledger import OutgoingMail


@dataclass(frozen=True)
class Step:
    """One step of reminding: ``name`` makes it unique in a period (``before-5``, ``due``, ``overdue-1-head``)."""

    name: str
    level: str
    colour: str
    working_days: int


def opening(
    office: Office,
    period: str,
    due_at: datetime,
    grace_until: datetime,
    owed: Mapping[str, Sequence[OwedItem]],
    optional: Mapping[str, int],
    workbooks: Mapping[str, tuple[str, bytes]],
    as_of: datetime,
) -> list[OutgoingMail]:
    """One letter a unit with its workbook attached; units without a clerk are named to the coordinator."""
    post = Post(office, as_of)
    letters, missing = [], []
    for unit, (name, body) in workbooks.items():
        clerk = post.clerk(unit)
        if clerk is None:
            missing.append(post.name_of(unit))
            continue
        view = OpeningView(
            period, unit, post.name_of(unit), clerk.name, due_at, grace_until, name, f"inbox/{unit}",
            tuple(owed.get(unit, ())), optional.get(unit, 0),
        )  # fmt: skip
        letters.append(
            post.letter("opening", "opening", clerk, step=unit, unit=unit, period=period,
                        attachments=[Attachment(name, body)], view=view)
        )  # fmt: skip
    if missing:
        letters.append(
            post.alert(post.say("%(period)s有%(n)s家单位没有填报员", period=quarter(period, post.say), n=len(missing)), missing,
                       post.say("请补充 contacts.yml，并把 HOME/workbooks/%(period)s 中这些单位的填报表转交给他们；"
                                "开启通知不补寄，以后的催报和回执会寄给补充的填报员。", period=period),
                       step="no-contact", period=period)
        )  # fmt: skip
    if office.config.calendar.is_provisional(due_at.date()):
        letters.append(
            post.alert(
                post.say("%(period)s的截止时间按暂定日历推算", period=quarter(period, post.say)),
                [
                    post.say(
                        "截止时间暂定 %(due_at)s：当年节假日安排尚未公布，只按周末推算。",
                        due_at=f"{due_at:%Y-%m-%d %H:%M}",
                    )
                ],
                post.say(
                    "安排公布后，请把调休和放假日期写入 calendar.yml；已开启的报告期可用“延期”调整截止时间。"
                ),
                step="provisional-calendar", period=period,
            )
        )  # fmt: skip
    return letters


def reminders(
    office: Office,
    period: str,
    due_at: datetime,
    grace_until: datetime,
    step: Step,
    owing: Sequence[OwingUnit],
    workbooks: Mapping[str, tuple[str, bytes]],
    as_of: datetime,
) -> list[OutgoingMail]:
    """One letter a person and step: who answers for several units gets one digest."""
    post = Post(office, as_of)
    groups: dict[str, tuple[Person, list[OwingUnit]]] = {}
    missing = []
    for unit in owing:
        person = _person(office, step.level, unit.unit)
        if person is None:
            missing.append(unit.unit_name)
            continue
        groups.setdefault(person.mail, (person, []))[1].append(unit)
    letters = []
    for person, units in groups.values():
        attached = [
            Attachment(*workbooks[u.unit]) for u in units if u.unit in workbooks and step.level == "clerk"
        ]
        view = ReminderView(
            period, person.name, step.level, step.colour, step.working_days, due_at, grace_until, tuple(units),
            workbook_attached=bool(attached),
        )  # fmt: skip
        only = units[0].unit if len(units) == 1 else None
        letters.append(
            post.letter("reminder", "reminder", person, step=step.name, unit=only, period=period,
                        attachments=attached, view=view)
        )  # fmt: skip
    if missing:
        letters.append(
            post.alert(post.say("%(period)s有%(n)s家欠报单位无人可催", period=quarter(period, post.say), n=len(missing)), missing,
                       post.say("请补充 contacts.yml。"),
                       step=f"no-contact/{step.name}", period=period)
        )  # fmt: skip
    return letters


def _person(office: Office, level: str, unit: str) -> Person | None:
    contacts = office.config.contacts
    if level == "coordinator":
        return contacts.coordinator
    return contacts.head(unit) if level == "head" else contacts.clerk(unit)
