"""Automations made from code: runs that died end by themselves, and failures reach the operator by mail.

Belongs here: triggers, actions and the alarm flow they start. Does not: deployments (flows.deployments).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.automations import AutomationCore, EventTrigger, Posture
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.states import State

from flows import clock, desk, steps
from flows.letters import Post
from flows.parameters import AlarmForm
from templates.views import AlertView
from warehouse import ledger

# Heartbeats come every 30 s (flows.service.up): three missed ones mean that nobody works on the run any more.
SILENCE = timedelta(seconds=90)
DEAD_RUNS, FAILED_RUNS = "失联任务自动结束", "任务出错告警"
ALARM = "任务告警/出错告警"
# Answers to a person who asked for something impossible are failures too, but nobody need be woken for them.
ALARMING = ("办理失败", "未能校验", "等待超时", "配置有误", "Failed", "Crashed", "TimedOut", "失联")
BLANK = AlarmForm()


@flow(
    name="任务告警",
    flow_run_name="告警 {form.run}",
    description="某个任务出错时由自动规则启动:给运维写一封信。同一个任务只写一次。",
)
def alarm(form: AlarmForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _alarm(form))


def _alarm(form: AlarmForm) -> State[Any]:
    as_of = clock.now()
    with desk.office_for(form) as office:
        contacts = office.config.contacts
        view = AlertView(
            f"任务出错:{form.run}", as_of, (f"状态:{form.state}", f"说明:{form.message or '没有说明'}"),
            "请在 Prefect 界面打开该任务查看日志;排除故障后点“Retry”重试,重试不会重复入库或重复寄信。",
        )  # fmt: skip
        letter = Post(office, as_of).letter(
            "alert", "alert", contacts.operator or contacts.coordinator, step=f"run/{form.run_id}", view=view
        )
        with office.store() as store, store.transaction():
            new = ledger.enqueue(store, [letter])
        steps.deliver(office, as_of)
    return desk.finished("已告警" if new else "已告警过", f"{form.run}:{form.state}")


def ensure_automations() -> None:
    """Creates each automation, or puts it right; safe to repeat. The alarm deployment must exist."""
    with get_client(sync_client=True) as client:
        alarm_id = client.read_deployment_by_name(ALARM).id
        for wanted in (dead_runs(), failed_runs(alarm_id)):
            known = client.read_automations_by_name(wanted.name)
            if known:
                client.update_automation(known[0].id, wanted)
            else:
                client.create_automation(wanted)


def dead_runs() -> AutomationCore:
    """A run whose heartbeats stop is ended, so that it neither blocks nor deceives anybody."""
    return AutomationCore(
        name=DEAD_RUNS,
        description="任务进程意外消失(断电、被杀)后,90 秒收不到心跳即结束该任务。重跑是安全的。",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            # Our states have names of their own, so every event of the run counts as a sign of life.
            expect={"prefect.flow-run.*"},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
        ),
        actions=[
            ChangeFlowRunState(
                name="失联",
                state=StateType.CRASHED,
                message="90 秒没有心跳,执行进程已不在;请确认 jibao up 在运行,再点“Retry”重试",
            )
        ],
    )


def failed_runs(alarm_deployment: UUID) -> AutomationCore:
    def told(template: str) -> dict[str, str]:
        return {"__prefect_kind": "jinja", "template": template}

    form = {
        "run": told("{{ flow_run.name }}"),
        "run_id": told("{{ flow_run.id }}"),
        "state": told("{{ flow_run.state.name }}"),
        "message": told("{{ flow_run.state.message or '' }}"),
        "actor": "自动规则",
    }
    return AutomationCore(
        name=FAILED_RUNS,
        description="任务出错或失联时,启动“出错告警”给运维写信。",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{name}" for name in ALARMING},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            # Only the office's own runs: an alarm that fails must not raise the next one.
            match_related={"prefect.resource.id": "prefect.tag.季报", "prefect.resource.role": "tag"},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[RunDeployment(source="selected", deployment_id=alarm_deployment, parameters={"form": form})],
    )
