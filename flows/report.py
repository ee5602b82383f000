"""Flow: recompute attainment and render the summary."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.states import State

from flows import artifacts, desk, steps
from flows.office import Office
from flows.parameters import ReportForm
from flows.steps import deciding
from flows.steps.viewing import NotOpened

BLANK = ReportForm()


@flow(
    name="通报",
    flow_run_name=desk.run_name("通报"),
    description="重新测算完成率，生成通报和站点。只生成、不寄；寄给领导须办理“通报签发”。",
)
def report(form: ReportForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _report(form))


def _report(form: ReportForm) -> State[Any]:
    as_of = form.moment()
    period = form.chosen_period(as_of)
    with desk.office_for(form) as office:
        if not desk.in_plan(office, period):
            return desk.out_of_plan(office, period)
        if form.after_due and not _is_due(office, period, as_of):
            return desk.finished("无需办理", f"{period} 尚未开启，或未到截止时间")
        if form.after_due and deciding.is_closed(office, period):
            return desk.finished("无需办理", f"{period} 已关闭")
        deciding.check_not_closed(office, period)
        result = desk.as_task("测算并生成通报", lambda: steps.report(office, period, as_of))
        artifacts.attainment(result)
        artifacts.findings(office, period)
        artifacts.who_owes(office, steps.status(office, period, as_of))
    return outcome(result)


def _is_due(office: Office, period: str, as_of: datetime) -> bool:
    if not office.reader().has_data():
        return False
    try:
        return bool(steps.status(office, period, as_of)["is_overdue"])
    except NotOpened:
        return False


def outcome(result: steps.ReportResult) -> State[Any]:
    head = result.headline
    message = (
        f"{result.period} 已达成 {head['met']}，正常 {head['green']}，滞后 {head['yellow']}，"
        f"严重滞后 {head['red']}，无法判断 {head['none']}"
    )
    return desk.finished("已生成通报", message)
