"""The other side of a difference: units whose accepted figure disagrees with one that came in later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from checks.findings import Finding
from config.language import N_
from flows.letters.posting import Post
from flows.office import Office
from templates.views import AlertView
from warehouse.ledger import OutgoingMail
from warehouse.store import Store

WHAT_TO_DO = N_(
    "请与有关单位核对口径和数值。本单位数据有误的，请更正后重报；无误的，请在“说明”栏写明原因后重报，或告知统筹部门。"
)


def differences(
    office: Office,
    store: Store,
    findings: Sequence[Finding],
    batch: Collection[str],
    run_id: str,
    as_of: datetime,
) -> list[OutgoingMail]:
    """One letter a unit about findings on its files of earlier batches; what it was told before is left out.

    Call after ``record_batch``, in its transaction. Units without a clerk are named to the coordinator.

    :param batch: submission_id of the files judged now: their own answers tell their own findings
    """
    others = [f for f in findings if f.submission_id not in batch]
    if not others:
        return []
    ids = sorted({f.submission_id for f in others})
    before = store.rows("list_told_differences_checks", {"submissions": ids, "run_id": run_id})
    told = {(row["submission_id"], row["rule"], row["message"]) for row in before}
    by_unit: dict[tuple[str, str | None], list[Finding]] = defaultdict(list)
    for f in others:
        if (f.submission_id, f.rule, f.message) not in told:
            by_unit[f.unit, f.period].append(f)
    post = Post(office, as_of)
    letters = []
    for (unit, period), mine in by_unit.items():
        title = post.say(
            "%(unit)s已报数据与其他单位所报不一致（%(n)s项）", unit=post.name_of(unit), n=len(mine)
        )
        lines = tuple(
            post.say(
                "%(sheet)s %(cell)s：%(message)s", sheet=post.say(f.sheet), cell=f.cell, message=f.message
            )
            for f in mine
        )
        clerk = post.clerk(unit)
        if clerk is None:
            letters.append(
                post.alert(title, lines, post.say("该单位没有填报员，请代为联系。"), step=f"differs/{run_id}/{unit}",
                           period=period)
            )  # fmt: skip
            continue
        view = AlertView(title, as_of, lines, post.say(WHAT_TO_DO), period)
        letters.append(
            post.letter(
                "alert", "alert", clerk, step=f"differs/{run_id}", unit=unit, period=period, view=view
            )
        )
    return letters
