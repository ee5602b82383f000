"""Answers after a change of the rules: only to units whose verdict is another one now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.findings import Finding, Severity
from config.language import N_
from flows.letters.answering import in_time
from flows.letters.posting import Post
from flows.mailing.compose import Attachment
from flows.office import Office
from templates.views import CountedLine, FindingLine, OwedItem, ReceiptView, ReturnView
from warehouse import deciding, facts
from warehouse.facts import Judged, Status
from warehouse.ledger import OutgoingMail
from warehouse.store import Store

REASON = N_("校验规则有调整，按现行规则复核后，本文件的结论有变化。已采用的数据在更正之前继续有效。")


def changed_answers(
    office: Office,
    store: Store,
    judged: Sequence[Judged],
    findings: Mapping[str, Sequence[Finding]],
    returns: Mapping[str, tuple[str, bytes]],
    version: str,
    as_of: datetime,
) -> list[OutgoingMail]:
    """A return or a receipt for each file of ``judged``. Call after ``record_recheck``, in its transaction.

    :param version: of the rules; a letter is the same only under the same rules at the same time
    """
    post = Post(office, as_of)
    due = deciding.deadlines(store, ((j.submission.unit, j.submission.period or "") for j in judged))
    letters = []
    for j in judged:
        s, period = j.submission, j.submission.period or ""
        clerk = post.clerk(s.unit)
        if clerk is None:
            letters.append(
                post.alert(post.say("%(unit)s没有填报员", unit=post.name_of(s.unit)),
                           [post.say("%(receipt_no)s 复核后结论有变化，但无人可告知。", receipt_no=s.receipt_no)],
                           post.say("请在 HOME/config/contacts.yml 中补充联系人。"), step=f"no-contact/{s.receipt_no}/{version}")
            )  # fmt: skip
            continue
        due_at, counted = due.get((s.unit, period)), _counted(store, s.submission_id)
        told: dict[Severity, list[FindingLine]] = defaultdict(list)
        for f in findings.get(s.submission_id, ()):
            told[f.severity].append(_line(office, f))
        common: dict[str, Any] = {
            "receipt_no": s.receipt_no, "unit": s.unit, "unit_name": post.name_of(s.unit), "period": period,
            "file_name": s.file_name, "sha256": s.sha256, "received_at": s.received_at,
            "warnings": tuple(told[Severity.WARNING]), "still_owed": _owed(store, period, s.unit),
            "due_at": due_at or as_of,
        }  # fmt: skip
        step = f"{s.receipt_no}/rules-{version}/{as_of:%Y%m%d%H%M%S}"
        address = {"unit": s.unit, "period": s.period}
        if j.status is Status.RETURNED:
            name, body = returns.get(s.submission_id, ("", b""))  # no cell to mark: no workbook goes back
            view: Any = ReturnView(
                **common, errors=tuple(told[Severity.ERROR]), counted_count=len(counted),
                annotated_name=name, drop_folder=f"inbox/{s.unit}", reason=post.say(REASON),
                is_overdue=due_at is not None and as_of > due_at,
            )  # fmt: skip
            letters.append(
                post.letter("return", "return", clerk, step=step, view=view, **address,
                            attachments=[Attachment(name, body)] if name else [])
            )  # fmt: skip
            continue
        view = ReceiptView(
            **common, status=str(j.status), counted=tuple(counted),
            timely=in_time(s.received_at, due_at, counted),
        )  # fmt: skip
        letters.append(post.letter("receipt", "receipt", clerk, step=step, view=view, **address))
    return letters


def _line(office: Office, f: Finding) -> FindingLine:
    name = office.config.item_name(f.indicator) if f.indicator else ""
    return FindingLine(str(f.severity), f.sheet, f.cell, f.value, f.message, name, f.indicator, f.cells)


def _owed(store: Store, period: str, unit: str) -> tuple[OwedItem, ...]:
    rows = facts.owed_items(store, period, [unit])
    return tuple(OwedItem(r["item"], r["item_kind"], r["name"], r["unit_label"]) for r in rows)


def _counted(store: Store, submission_id: str) -> list[CountedLine]:
    found = store.grouped("list_counted", "submission_id", CountedLine, {"submissions": [submission_id]})
    return found.get(submission_id, [])
