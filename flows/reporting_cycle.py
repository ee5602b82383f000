"""Flow: rerun a quarter by hand, for all units or for one."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import State

from flows import artifacts, desk, steps
from flows.parameters import RerunForm, unit_codes

BLANK = RerunForm()


@flow(
    name="季度重跑",
    flow_run_name=desk.run_name("重跑"),
    description="对一个季度依次开启、收取与校验、测算、生成通报;可只收取一个单位。重复运行不产生新修订,也不重复寄信。",
)
def reporting_cycle(form: RerunForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _rerun(form))


def _rerun(form: RerunForm) -> State[Any]:
    as_of = form.moment()
    period = form.chosen_period(as_of)
    with desk.office_for(form) as office:
        if not desk.in_plan(office, period):
            return desk.out_of_plan(office, period)
        units = unit_codes(office.config, form.unit)
        desk.as_task("开启报送周期", lambda: steps.open_cycle(office, period, as_of))
        collected = desk.as_task(
            "收取与校验", lambda: steps.collect(office, as_of, period=period, units=units, send=False)
        )
        reported = desk.as_task("测算并生成通报", lambda: steps.report(office, period, as_of, send=form.send))
        artifacts.verdicts(office, collected)
        artifacts.attainment(reported)
        artifacts.who_owes(office, steps.status(office, period, as_of))
    accepted = collected.accepted + collected.accepted_with_warnings
    return desk.finished(
        "有退回" if collected.has_problems else "已完成",
        f"{period} 接收 {accepted} 份,退回 {collected.returned} 份,暂存 {collected.quarantined} 份;"
        f"通报在 reports/{period}/{reported.summary.name}",
    )
