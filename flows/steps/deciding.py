"""What a coordinator decides about a quarter: extend, return, close, reopen, approve. Always with a name and a reason.

Belongs here: whether a decision may be taken, and whom it is told. Does not: how it is kept (warehouse.deciding).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.calendar import SHANGHAI, period_end
from config.language import N_
from flows.letters import Post
from flows.office import Office
from templates.formats import quarter
from templates.views import OwedItem, ReturnView
from warehouse import deciding, facts, ledger
from warehouse.deciding import Decision, Kind
from warehouse.facts import Status
from warehouse.ledger import OutgoingMail
from warehouse.store import Store

REASON_CODES = {
    "wrong_scope": N_("口径不符"),
    "wrong_figure": N_("数据有误"),
    "no_evidence": N_("缺少佐证"),
    "wrong_file": N_("报错文件"),
    "unit_request": N_("单位申请撤回"),
    "other": N_("其他"),
}
# A plan is looked back on for years after its end, hardly for longer.
FAR_YEARS = 10
STANDING = (Status.ACCEPTED, Status.ACCEPTED_WITH_WARNINGS, Status.RETURNED)


class DecisionRefused(ValueError):
    """The decision cannot be taken now; one Chinese line saying why and what to do."""


@dataclass(frozen=True)
class ReturnedSubmission:
    receipt_no: str
    unit: str
    period: str
    withdrawn: int  # figures that no longer stand


def extend(
    office: Office, period: str, unit: str, until: datetime, actor: str, reason: str, as_of: datetime
) -> None:
    """Moves the deadline of one unit to ``until``; reminders and timeliness follow it. The unit is told.

    :param until: the extension's end; afterwards the unit is late as any other
    :raises DecisionRefused: unknown period or unit, closed, or ``until`` is no later deadline
    """
    who, why = _person(actor), _text(reason, "理由")
    known = office.config.find_unit(unit)
    if known is None:
        raise DecisionRefused(f"没有这个填报单位：{unit}")
    with _deciding(office) as store:
        cycle = _open_cycle(store, period)
        before = deciding.extended_deadlines(store, period).get(known.code, cycle["due_at"])
        if until <= as_of:
            raise DecisionRefused(f"延期截止 {_moment(until)} 已过，请写一个将来的时间")
        if until <= before:
            raise DecisionRefused(f"{known.name} 现在的截止时间是 {_moment(before)}，延期须晚于它")
        if not store.rows("list_owed", {"period": period, "units": [known.code]}):
            raise DecisionRefused(f"{known.name} {period} 没有欠报事项，不需要延期")
        payload = {"until": until.isoformat(), "before": before.isoformat()}
        _record(store, Decision(period, Kind.EXTEND, who, why, as_of, known.code, payload=payload))
        clerk = office.config.contacts.clerk(known.code)
        if clerk is not None:
            ledger.enqueue(store, [_extended(office, period, known.code, until, why, as_of)])


def return_submission(
    office: Office, receipt_no: str, actor: str, reason_code: str, reason: str, as_of: datetime
) -> ReturnedSubmission:
    """Sends a submission back that had passed the checks: its standing figures are withdrawn, the unit owes again.

    Nothing is deleted: a verdict and withdrawing revisions are appended (ADR 12). The unit gets the reason.

    :param reason_code: a key of :data:`REASON_CODES`
    :raises DecisionRefused: unknown receipt or code, nothing of it stands, or the cycle is closed
    """
    who, why = _person(actor), _text(reason, "退回理由")
    if reason_code not in REASON_CODES:
        raise DecisionRefused(f"没有这个理由代码：{reason_code}；可用 " + " ".join(REASON_CODES))
    with _deciding(office) as store:
        found = store.rows("find_decision_submission", {"receipt_no": receipt_no.strip().upper()})
        if not found:
            raise DecisionRefused(f"没有回执号为 {receipt_no} 的报送；回执号见回执邮件或 jibao status")
        file = found[0]
        if file["period"] is None or file["status"] not in STANDING:
            raise DecisionRefused(f"{receipt_no} 没有计入的数据，不能退回")
        cycle = _open_cycle(store, file["period"])
        told = f"{REASON_CODES[reason_code]}：{why}"
        withdrawn = deciding.withdraw(store, file["submission_id"], told, as_of)
        if not withdrawn:
            raise DecisionRefused(f"{receipt_no} 的数据都已被撤回或被后报材料更新，不需要退回")
        facts.record_verdicts(
            store,
            uuid.uuid4().hex,
            as_of,
            [(file["submission_id"], str(Status.RETURNED), f"统筹退回，{told}")],
        )
        payload = {"receipt_no": file["receipt_no"], "withdrawn": withdrawn}
        decision = Decision(
            file["period"], Kind.RETURN_SUBMISSION, who, why, as_of, file["unit"], reason_code, payload
        )
        _record(store, decision)
        due_at = deciding.extended_deadlines(store, file["period"]).get(file["unit"], cycle["due_at"])
        ledger.enqueue(store, _returned(office, store, file, told, due_at, as_of))
    return ReturnedSubmission(file["receipt_no"], file["unit"], file["period"], withdrawn)


def close(office: Office, period: str, actor: str, reason: str, as_of: datetime) -> None:
    """Closes a quarter: figures and the published summary stay as they are until it is reopened.

    :raises DecisionRefused: never opened, closed already, or somebody may still report in time
    """
    who, why = _person(actor), _text(reason, "理由")
    with _deciding(office) as store:
        cycle = _open_cycle(store, period)
        last = max([cycle["due_at"], *deciding.extended_deadlines(store, period).values()])
        if as_of < last:
            raise DecisionRefused(f"{period} 报送截止 {_moment(last)} 未到，不能关闭")
        _record(store, Decision(period, Kind.CLOSE, who, why, as_of))


def reopen(office: Office, period: str, actor: str, reason: str, as_of: datetime) -> None:
    """Opens a closed quarter again; what changes from now on is a restatement.

    :raises DecisionRefused: the quarter is not closed
    """
    who, why = _person(actor), _text(reason, "重新开启的理由")
    with _deciding(office) as store:
        if period not in deciding.closed_periods(store):
            raise DecisionRefused(f"{period} 没有关闭，不需要重新开启")
        _record(store, Decision(period, Kind.REOPEN, who, why, as_of))


def approve(office: Office, period: str, actor: str, opinion: str, digest: str, as_of: datetime) -> None:
    """Records that the summary with these figures may be sent; the same approval is recorded once.

    :param digest: of the attainment that was shown
    """
    who = _person(actor)
    with _deciding(office) as store:
        for d in deciding.decisions(store, period):
            if d.kind is Kind.APPROVE and d.actor == who and d.payload.get("digest") == digest:
                return
        why = opinion.strip() or "同意签发"
        _record(store, Decision(period, Kind.APPROVE, who, why, as_of, payload={"digest": digest}))


def return_summary(
    office: Office, period: str, actor: str, reason: str, digest: str, as_of: datetime
) -> None:
    """Records that the summary is not to be sent, and why."""
    who, why = _person(actor), _text(reason, "退回意见")
    with _deciding(office) as store:
        _record(store, Decision(period, Kind.RETURN_SUMMARY, who, why, as_of, payload={"digest": digest}))


def check_not_closed(office: Office, period: str) -> None:
    """:raises DecisionRefused: ``period`` is closed"""
    if is_closed(office, period):
        raise _closed(period)


def check_moment(office: Office, as_of: datetime) -> None:
    """:raises DecisionRefused: nobody means an ``as_of`` so far from the plan: it is mistyped (2219 for 2019)"""
    plan = office.config.plan
    first, last = period_end(plan.start_period).year, period_end(plan.end_period).year
    if not first - FAR_YEARS <= as_of.year <= last + FAR_YEARS:
        raise DecisionRefused(
            f"时刻 {_moment(as_of)} 离方案执行期（{plan.start_period} 至 {plan.end_period}）超过 {FAR_YEARS} 年，"
            "请核对年份；什么也没有做"
        )


def is_closed(office: Office, period: str) -> bool:
    if not office.reader().has_data():
        return False
    with office.reader() as reader:
        return period in deciding.closed_periods(reader)


def _open_cycle(store: Store, period: str) -> dict[str, Any]:
    cycle = store.rows("read_cycle", {"period": period})
    if not cycle:
        raise DecisionRefused(f"{period} 还没有开启")
    if period in deciding.closed_periods(store):
        raise _closed(period)
    return cycle[0]


def _closed(period: str) -> DecisionRefused:
    return DecisionRefused(f"{period} 已关闭；需要改动请先重新开启并写明理由")


@contextmanager
def _deciding(office: Office) -> Iterator[Store]:
    """The warehouse in one transaction: a decision and all it changes, mails included, or nothing."""
    office.home.create()
    with office.store() as store, store.transaction():
        yield store


def _record(store: Store, decision: Decision) -> None:
    deciding.record(store, decision)


def _person(actor: str) -> str:
    return _text(actor, "经办人")


def _text(text: str, what: str) -> str:
    if not text.strip():
        raise DecisionRefused(f"请写明{what}")
    return text.strip()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _extended(
    office: Office, period: str, unit: str, until: datetime, why: str, as_of: datetime
) -> OutgoingMail:
    from templates.views import AlertView

    post, clerk = Post(office, as_of), office.config.contacts.clerk(unit)
    assert clerk is not None
    say = office.say
    view = AlertView(
        say("%(unit)s%(period)s报送截止延至 %(until)s", unit=post.name_of(unit), period=quarter(period, say), until=_moment(until)),
        as_of, (say("延期理由：%(reason)s", reason=why),),
        say("请于 %(until)s 前把填报表放入投递文件夹 inbox/%(unit)s；过时按迟报统计。", until=_moment(until), unit=unit), period,
        is_notice=True,
    )  # fmt: skip
    step = f"extend/{unit}/{until.isoformat()}"
    return post.letter("alert", "alert", clerk, step=step, unit=unit, period=period, view=view)


def _returned(
    office: Office, store: Store, file: Mapping[str, Any], told: str, due_at: datetime, as_of: datetime
) -> list[OutgoingMail]:
    post, unit, period = Post(office, as_of), file["unit"], file["period"]
    clerk, step = post.clerk(unit), f"{file['receipt_no']}/decision/{as_of.isoformat()}"
    if clerk is None:
        lines = [f"{post.name_of(unit)} {file['receipt_no']}", told]
        return [
            post.alert(
                post.say("退回无法送达：该单位没有填报员"),
                lines,
                post.say("请补充 contacts.yml 并另行告知该单位。"),
                step=step,
            )
        ]
    owed = tuple(
        OwedItem(r["item"], r["item_kind"], r["name"], r["unit_label"])
        for r in facts.owed_items(store, period, [unit])
    )
    view = ReturnView(
        receipt_no=file["receipt_no"], unit=unit, unit_name=post.name_of(unit), period=period,
        file_name=file["file_name"], sha256=file["sha256"], received_at=file["received_at"], due_at=due_at,
        errors=(), warnings=(), counted_count=0, still_owed=owed, annotated_name="",
        drop_folder=f"inbox/{unit}", reason=told, is_overdue=as_of > due_at,
    )  # fmt: skip
    return [post.letter("return", "return", clerk, step=step, unit=unit, period=period, view=view)]
