"""Answers to uploads: receipt, return, held, already received. Exactly one to the unit for every file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.findings import Finding, Severity
from flows.letters.changing import change_alert
from flows.letters.posting import Post
from flows.mailing.compose import Attachment
from flows.office import Office
from templates.formats import quarter
from templates.views import (
    AlertView,
    CountedLine,
    DuplicateView,
    FindingLine,
    HeldView,
    LaterOwed,
    OwedItem,
    ReceiptView,
    ReturnView,
)
from warehouse import deciding, facts
from warehouse.facts import Arrival, Judged, Status
from warehouse.ledger import OutgoingMail
from warehouse.store import Store


def answers(
    office: Office,
    store: Store,
    judged: Sequence[Judged],
    findings: Mapping[str, Sequence[Finding]],
    returns: Mapping[str, tuple[str, bytes]],
    as_of: datetime,
) -> Iterator[OutgoingMail]:
    """One letter for each new submission (two for a held one), composed as it is asked for.

    Use after ``record_batch``, in its transaction.

    :param findings: by submission_id
    :param returns: by submission_id, the annotated workbook sent back: (file name, bytes)
    """
    post = Post(office, as_of)
    counted = _counted(store, judged)
    owed = _owed(store, judged)
    due = deciding.deadlines(store, ((j.submission.unit, j.submission.period or "") for j in judged))
    later = _later(store, judged)
    for j in judged:
        s = j.submission
        mine = findings.get(s.submission_id, ())
        if j.status is Status.QUARANTINED:
            yield from _held(post, j, mine)
            continue
        if j.status is Status.RECEIVED:
            yield from _late(post, j)
            continue
        told = counted.pop(s.submission_id, [])
        yield from change_alert(post, j, told)
        clerk = post.clerk(s.unit)
        if clerk is None:
            yield _nobody(post, s.unit, s.period)
            continue
        lines = [_line(office, f) for f in mine]
        errors = tuple(x for x, f in zip(lines, mine, strict=True) if f.severity is Severity.ERROR)
        warnings = tuple(x for x, f in zip(lines, mine, strict=True) if f.severity is Severity.WARNING)
        period = s.period or ""
        due_at = due.get((s.unit, period))
        common: dict[str, Any] = {
            "receipt_no": s.receipt_no, "unit": s.unit, "unit_name": post.name_of(s.unit), "period": period,
            "file_name": s.file_name, "sha256": s.sha256, "received_at": s.received_at,
            "warnings": warnings, "still_owed": owed.get((s.unit, period), ()), "due_at": due_at or as_of,
            "later": one if (one := later.get(s.unit)) and period < one.period else None,
        }  # fmt: skip
        if j.status is Status.RETURNED:
            name, body = returns.get(s.submission_id, ("", b""))
            view: Any = ReturnView(
                **common, errors=errors, counted_count=len(told), annotated_name=name,
                drop_folder=f"inbox/{s.unit}", is_overdue=due_at is not None and as_of > due_at,
            )  # fmt: skip
            attached = [Attachment(name, body)] if name else []
            yield post.letter(
                "return", "return", clerk, step=s.receipt_no, unit=s.unit, period=s.period, attachments=attached,
                view=view,
            )  # fmt: skip
            continue
        view = ReceiptView(
            **common, status=str(j.status), counted=tuple(told),
            timely=in_time(s.received_at, due_at, told),
        )  # fmt: skip
        yield post.letter(
            "receipt", "receipt", clerk, step=s.receipt_no, unit=s.unit, period=s.period, view=view
        )


def copies(office: Office, store: Store, seen: Sequence[Arrival], as_of: datetime) -> list[OutgoingMail]:
    """The answer to bytes received before: the first receipt still holds."""
    post = Post(office, as_of)
    first = facts.known_submissions(store, {a.submission_id for a in seen})
    letters = []
    for a in seen:
        # In a folder that is nobody's the coordinator is the only one to answer.
        to = post.clerk(a.unit) if a.unit else office.config.contacts.coordinator
        known = first[a.submission_id]
        if to is None:
            letters.append(_nobody(post, a.unit, known["period"]))
            continue
        view = DuplicateView(
            known["receipt_no"], a.unit, post.name_of(a.unit) if a.unit else post.say("无主文件夹"), known["period"] or "",
            a.file_name, known["file_name"], known["received_at"], known["status"], as_of,
        )  # fmt: skip
        step = f"{known['receipt_no']}/{a.entry}"
        letters.append(
            post.letter(
                "duplicate", "receipt", to, step=step, unit=a.unit or None, period=known["period"], view=view
            )
        )
    return letters


def in_time(received_at: datetime, due_at: datetime | None, counted: Sequence[CountedLine]) -> bool | None:
    """What a receipt says; None: nothing. A late correction or a voluntary figure makes no obligation late."""
    if due_at is None:
        return None
    is_late = received_at > due_at
    return None if is_late and not any(line.was_owed for line in counted) else not is_late


def _counted(store: Store, judged: Iterable[Judged]) -> dict[str, list[CountedLine]]:
    ids = [j.submission.submission_id for j in judged]
    return store.grouped("list_counted", "submission_id", CountedLine, {"submissions": ids})


def _owed(store: Store, judged: Iterable[Judged]) -> dict[tuple[str, str], tuple[OwedItem, ...]]:
    units: dict[str, set[str]] = defaultdict(set)
    for j in judged:
        if j.submission.period:
            units[j.submission.period].add(j.submission.unit)
    found: dict[tuple[str, str], list[OwedItem]] = defaultdict(list)
    for period, of in units.items():
        for row in facts.owed_items(store, period, sorted(of)):
            found[row["unit"], period].append(
                OwedItem(row["item"], row["item_kind"], row["name"], row["unit_label"])
            )
    return {key: tuple(items) for key, items in found.items()}


def _later(store: Store, judged: Iterable[Judged]) -> dict[str, LaterOwed]:
    """By unit with a file of an earlier quarter than the newest open one: what it owes there.

    Who took last quarter's workbook by mistake would otherwise read only that last quarter is complete.
    """
    opened = {row["period"] for row in store.rows("list_cycles")}
    newest = max(opened - deciding.closed_periods(store), default="")
    units = {j.submission.unit for j in judged if j.submission.period and j.submission.period < newest}
    if not units - {""}:
        return {}
    owed = Counter(row["unit"] for row in facts.owed_items(store, newest, sorted(units)))
    due = deciding.deadlines(store, ((unit, newest) for unit in owed))
    return {unit: LaterOwed(newest, n, due[unit, newest]) for unit, n in owed.items()}


def _line(office: Office, finding: Finding) -> FindingLine:
    name = office.config.item_name(finding.indicator) if finding.indicator else ""
    return FindingLine(
        str(finding.severity),
        finding.sheet,
        finding.cell,
        finding.value,
        finding.message,
        name,
        finding.indicator,
    )


def _late(post: Post, judged: Judged) -> list[OutgoingMail]:
    """A file for a closed quarter: the unit gets its receipt, the coordinator decides."""
    s, who, say = judged.submission, post.name_of(judged.submission.unit), post.say
    lines = (
        f"{who} {s.file_name}",
        say("回执号：%(receipt_no)s", receipt_no=s.receipt_no),
        say.stored(judged.reason),
    )
    mails = [
        post.alert(
            say("%(unit)s在关闭后报来%(period)s的文件", unit=who, period=quarter(s.period or "", say)), lines,
            say("需要采用的，请重新开启该报告期并写明理由，再重新校验。"),
            step=f"late/{s.receipt_no}", period=s.period,
        )
    ]  # fmt: skip
    clerk = post.clerk(s.unit)
    if clerk is None:
        return [*mails, _nobody(post, s.unit, s.period)]
    view = AlertView(
        say("%(receipt_no)s 已收到，%(period)s报送已关闭", receipt_no=s.receipt_no, period=quarter(s.period or "", say)), post.as_of, lines,
        say("文件已存档，数据暂不计入；统筹决定采用后另行通知，不必重复投递。"), s.period,
        is_notice=True,
    )  # fmt: skip
    return [
        *mails,
        post.letter(
            "alert", "receipt", clerk, step=f"late/{s.receipt_no}", unit=s.unit, period=s.period, view=view
        ),
    ]


def _held(post: Post, judged: Judged, mine: Sequence[Finding]) -> list[OutgoingMail]:
    """All sides are told: the coordinator, whoever owns the folder, and the unit that the file names."""
    was_read = not any(f.rule == "held" for f in mine)  # if it was, only its place is wrong
    s, owner = judged.submission, judged.claimed_by
    clerk, owner_clerk = post.clerk(s.unit) if s.unit else None, post.clerk(owner) if owner else None
    addressed = (
        ("coordinator", "alert", post.office.config.contacts.coordinator, s.unit, s.unit),
        ("unit", "receipt", clerk, s.unit, s.unit),
        ("owner", "alert", owner_clerk, owner, owner),
    )
    letters = []
    for audience, kind, to, unit, folder in addressed:
        if to is None:
            continue
        view = HeldView(
            audience, s.receipt_no, s.unit, post.name_of(s.unit) if s.unit else post.say("无主文件夹"), s.period or "",
            s.file_name, s.sha256, s.received_at, post.say.stored(judged.reason), drop_folder=f"inbox/{folder}",
            is_misplaced=was_read, owner_name=post.name_of(owner) if owner else "",
        )  # fmt: skip
        letters.append(
            post.letter(
                "held",
                kind,
                to,
                step=f"{s.receipt_no}/{audience}",
                unit=unit or None,
                period=s.period,
                view=view,
            )
        )
    return letters


def _nobody(post: Post, unit: str, period: str | None) -> OutgoingMail:
    """Once a unit and period: a unit whose clerk is missing again next quarter must not go unanswered unseen."""
    return post.alert(
        post.say("%(unit)s没有填报员", unit=post.name_of(unit)),
        [post.say("收到该单位报送，但 contacts.yml 中没有填报员（%(code)s），回执无法寄出。", code=unit)],
        post.say(
            "请在 HOME/config/contacts.yml 中补充联系人。已收到的报送不会补寄回执：补充后请该单位把同一份文件再投递一次，"
            "即寄出已有的结论；被退回的，标注好的文件在 HOME/returned。"
        ),
        step=f"no-contact/{unit}", period=period,
    )  # fmt: skip
