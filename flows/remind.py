"""Flow: send the reminders that are due today."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import State

from flows import clock, desk, steps
from flows.parameters import RemindForm

BLANK = RemindForm()


@flow(
    name="催报",
    flow_run_name=desk.run_name("催报"),
    description="按工作日历催报:只催仍欠报的,休息日不催,同一级同一日只催一次。",
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
        sent = desk.as_task("寄出催报", lambda: steps.deliver(office, as_of).sent) if form.send else 0
    message = f"新催报 {result.queued} 封,寄出邮件 {sent} 封" + "".join(f";{line}" for line in result.lines)
    return desk.finished("已催报" if result.queued else "无需催报", message)
