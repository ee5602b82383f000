"""Flow: open a reporting cycle."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import State

from flows import artifacts, desk, steps
from flows.parameters import OpenForm

BLANK = OpenForm()


@flow(
    name="开启报送",
    flow_run_name=desk.run_name("开启报送"),
    description="冻结该季度的应报项，为每个单位生成填报表并寄出开启通知。已开启的季度不会重新冻结，也不会重复寄信。",
)
def open_cycle(form: OpenForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _open(form))


def _open(form: OpenForm) -> State[Any]:
    as_of = form.moment()
    period = form.chosen_period(as_of)
    with desk.office_for(form) as office:
        if not desk.in_plan(office, period):
            return desk.out_of_plan(office, period)
        result = desk.as_task("冻结应报项并生成填报表", lambda: steps.open_cycle(office, period, as_of))
        desk.as_task("寄出开启通知", lambda: steps.deliver(office, as_of).sent)
        artifacts.who_owes(office, steps.status(office, period, as_of))
        artifacts.mail_queue(office, period)
    return desk.finished(
        "已开启",
        f"{period} 应报 {result.obligations} 项，填报表 {result.workbooks} 份，新通知 {result.mails} 封；"
        f"截止 {result.due_at:%Y-%m-%d %H:%M}",
    )
