"""Flow: nothing formal leaves without a name. The summary waits until somebody signs it or sends it back."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.filters import FlowRunFilterStateType as StateTypes
from prefect.client.schemas.objects import StateType
from prefect.input import RunInput
from prefect.states import State
from pydantic import ConfigDict, Field

from flows import artifacts, clock, desk, steps
from flows.letters import Post
from flows.office import Office
from flows.parameters import SignOffForm
from flows.steps import deciding
from warehouse import ledger

BLANK = SignOffForm()
NAME = "通报签发"
AGREED, SENT_BACK = "同意签发", "退回修改"


class Answer(RunInput):
    """What the person who signs fills in."""

    model_config = ConfigDict(
        title="签发",
        json_schema_extra={
            "if": {"properties": {"decision": {"const": SENT_BACK}}, "required": ["decision"]},
            "then": {"properties": {"opinion": {"minLength": 2}}, "required": ["opinion"]},
        },
    )

    decision: Literal["同意签发", "退回修改"] = Field(
        title="结论", description="同意签发即寄给领导；退回修改则不寄。"
    )
    signer: str = Field(title="签发人", description="姓名，记入决定台账。", min_length=2, max_length=50)
    opinion: str = Field("", title="意见", description="退回修改时必须写明。", max_length=500)


@flow(
    name=NAME,
    flow_run_name=desk.run_name("签发"),
    description="生成通报并列出数字和收件人，停下等签发人在界面填写结论。同意才寄出；退回不寄，并记下意见。不答复会提醒统筹。",
)
def sign_off(form: SignOffForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _sign_off(form))


def _sign_off(form: SignOffForm) -> State[Any]:
    as_of = form.moment() if form.as_of.strip() else desk.created_at()
    period = form.chosen_period(as_of)
    with desk.office_for(form) as office:
        if not desk.in_plan(office, period):
            return desk.out_of_plan(office, period)
        deciding.check_not_closed(office, period)
        shown = desk.as_task("测算并生成通报", lambda: steps.report(office, period, as_of))
        artifacts.attainment(shown)
        artifacts.sign_off_preview(office, shown, [f"{p.name} <{p.mail}>" for p in recipients(office)])
    digest = shown.digest
    # Nothing is held while waiting: the process ends, and figures that change meanwhile are asked about again.
    answer = _answer(period, digest, shown)
    with desk.office_for(form) as office:
        if answer.decision == SENT_BACK:
            deciding.return_summary(office, period, answer.signer, answer.opinion, digest, clock.now())
            return desk.finished("已退回", f"{period} 通报未寄出；{answer.signer}:{answer.opinion}")
        deciding.approve(office, period, answer.signer, answer.opinion, digest, clock.now())
        sent = desk.as_task("寄出通报", lambda: steps.report(office, period, as_of, send=True))
    return desk.finished("已签发", f"{period} 通报由 {answer.signer} 签发，新通报邮件 {sent.recipients} 封")


def _answer(period: str, digest: str, shown: steps.ReportResult) -> Answer:
    counts = "，".join(f"{artifacts.LIGHTS[k]} {n}" for k, n in shown.headline.items())
    said = f"{period} 通报待签发：{counts}。数字与收件人见本任务的 Artifacts。"
    for attempt in count(1):
        key = f"{digest[:12]}-{attempt}"
        answer = desk.ask(Answer, key, "待签发", said)
        if answer.decision == AGREED or answer.opinion.strip():
            break
        said = f"{period} 通报退回修改必须写明意见，请重新填写。"
    return answer


def recipients(office: Office) -> list[Any]:
    """Who gets the summary: the leadership and the coordinator, each address once."""
    contacts = office.config.contacts
    return list({p.mail: p for p in (*contacts.leadership, contacts.coordinator)}.values())


def urge_unanswered(office: Office, as_of: datetime, after: timedelta) -> int:
    """Queues a reminder to the coordinator for each summary that waits longer than ``after``; once a day each."""
    with get_client(sync_client=True) as client:
        waiting = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[NAME])),
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=StateTypes(any_=[StateType.PAUSED]))),
        )
    late = [r for r in waiting if r.state and as_of - r.state.timestamp >= after]
    if not late:
        return 0
    post = Post(office, as_of)
    mails = [
        post.alert(
            office.say("%(run)s：通报等待签发", run=run.name),
            [
                office.say(
                    "自 %(since)s 起等待，至今没有答复。",
                    since=f"{run.state.timestamp.astimezone(as_of.tzinfo):%Y-%m-%d %H:%M}",
                )
            ],
            office.say("请在 Prefect 界面打开该任务，点“Resume”填写结论；不签发就不会寄出。"),
            step=f"sign-off/{run.id}/{as_of:%Y%m%d}",
        )
        for run in late
        if run.state
    ]
    with office.store() as store, store.transaction():
        return ledger.enqueue(store, mails)
