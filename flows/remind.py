"""Flow: send the reminders that are due today."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect import flow
from prefect.states import State

from flows import artifacts, clock, desk, steps
from flows.parameters import RemindForm
from flows.sign_off import urge_unanswered

BLANK = RemindForm()


@flow(
    name="催报",
    flow_run_name=desk.run_name("催报"),
    description="按工作日历催报：只催仍欠报的，休息日不催，同一级同一日只催一次。通报久未签发也提醒统筹。",
)
def remind(form: RemindForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _remind(form))


def _remind(form: RemindForm) -> State[Any]:
    as_of = clock.now()
    with desk.office_for(form) as office:
        result = desk.as_task(
            "计算并排队催报",
            lambda: steps.remind(office, as_of, period=form.chosen_period(), send=False),
        )
        unanswered = desk.as_task(
            "提醒待签发的通报",
            lambda: urge_unanswered(office, as_of, timedelta(hours=form.unanswered_hours)),
        )
        sent = desk.as_task("寄出催报", lambda: steps.deliver(office, as_of).sent) if form.send else 0
        artifacts.mail_queue(office, form.chosen_period())
    message = f"新催报 {result.queued} 封，寄出邮件 {sent} 封" + "".join(f"；{line}" for line in result.lines)
    if unanswered:
        message += f"；提醒待签发通报 {unanswered} 件"
    return desk.finished("已催报" if result.queued or unanswered else "无需催报", message)
