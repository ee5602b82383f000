"""Flow: take what lies in the drop folder."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import State

from flows import artifacts, clock, desk, steps
from flows.parameters import CollectForm, unit_codes

BLANK = CollectForm()


@flow(
    name="采集",
    flow_run_name=desk.run_name("采集"),
    description=(
        "收取投递目录中的报送，校验后接收或退回，并寄出回执。不测算、不出通报；写了一半的文件留到下次。"
        "同一份文件重复投递不产生新修订，也不重复寄信。"
    ),
)
def collect(form: CollectForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _collect(form))


def _collect(form: CollectForm) -> State[Any]:
    as_of = clock.now()
    with desk.office_for(form) as office:
        units = unit_codes(office.config, form.unit)
        period = form.chosen_period()
        result = desk.as_task(
            "收取与校验",
            lambda: steps.collect(
                office, as_of, period=period, units=units, send=False, answer_early=form.send
            ),
        )
        if form.send:
            desk.as_task("寄出回执与退回", lambda: steps.deliver(office, as_of).sent)
        artifacts.verdicts(office, result)
        if result.lines:
            for collected in result.periods:
                artifacts.findings(office, collected)
            artifacts.mail_queue(office, period)
    return outcome(result)


def outcome(result: steps.CollectResult) -> State[Any]:
    """The state a collection ends in, counted in its message."""
    accepted = result.accepted + result.accepted_with_warnings
    message = (
        f"接收 {accepted} 份（需说明 {result.accepted_with_warnings} 份），退回 {result.returned} 份，"
        f"暂存 {result.quarantined} 份，重复 {result.duplicates} 份，待稳定 {len(result.waiting)} 份"
    )
    if result.returned:
        return desk.finished("有退回", message)
    if result.quarantined:
        return desk.finished("有暂存", message)
    return desk.finished("已接收" if accepted else "无新报送", message)
