"""Flow: judge a quarter's files again by the rules of today."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import Failed, State

from flows import artifacts, clock, desk, steps
from flows.parameters import RecheckForm
from flows.steps import deciding

BLANK = RecheckForm()


@flow(
    name="复核",
    flow_run_name=desk.run_name("复核"),
    description=(
        "改了规则或门限之后，从归档里重新校验一个季度现行的全部报送；结论变了的，写信告诉单位。"
        "不收取投递目录，不撤回已经计入的数据；已关闭的季度须先重新开启。规则没变时运行，什么都不会变。"
    ),
)
def recheck(form: RecheckForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _recheck(form))


def _recheck(form: RecheckForm) -> State[Any]:
    if not (form.actor.strip() and form.reason.strip()):
        return Failed(name="表单不完整", message="必须写明经办人和事由")
    as_of = clock.now()
    period = form.chosen_period(as_of)
    with desk.office_for(form) as office:
        if not desk.in_plan(office, period):
            return desk.out_of_plan(office, period)
        deciding.check_not_closed(office, period)
        result = desk.as_task("按现行规则复核", lambda: steps.recheck(office, period, as_of, send=False))
        if form.send:
            desk.as_task("寄出结论有变的通知", lambda: steps.deliver(office, as_of).sent)
        artifacts.rechecked(office, result)
        artifacts.findings(office, period)
        artifacts.mail_queue(office, period)
    message = (
        f"{period} 复核 {result.files} 份，结论改变 {len(result.changed)} 份，新增修订 {result.revisions} 条，"
        f"通知 {result.mails} 封"
    )
    if result.unread:
        message += f"；{len(result.unread)} 份归档读不出，原结论不变，请运维检查归档"
        return desk.finished("有未复核", message)
    return desk.finished("已复核", message)
