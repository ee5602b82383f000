"""Automations made from code: an upload starts a collection, runs that died end by themselves, trouble reaches
the operator by mail.

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

from flows import clock, desk, missed, steps
from flows.letters import Post
from flows.parameters import AlarmForm
from flows.service.watch import ARRIVED
from templates.views import AlertView
from warehouse import ledger

# Heartbeats come every 30 s (flows.service.up): three missed ones mean that nobody works on the run any more.
SILENCE = timedelta(seconds=90)
# One collection takes whatever lies there, so further uploads within this time need none of their own; what came
# too late for it is offered again by the watcher.
DEBOUNCE = timedelta(seconds=5)
DEAD_RUNS, FAILED_RUNS = "失联任务自动结束", "任务出错告警"
LATE_RUNS, PAUSED_QUEUES, UPLOADS = "任务迟迟没有开始告警", "队列暂停告警", "收到报送即采集"
ALARM, COLLECT = "任务告警/出错告警", "采集/投递目录"
WATCHER = "投递目录监视"
# Answers to a person who asked for something impossible are failures too, but nobody need be woken for them.
ALARMING = ("办理失败", "未能校验", "等待超时", "配置有误", "Failed", "Crashed", "TimedOut", "失联")
BLANK = AlarmForm()
ADVICE = {
    "出错": ("任务出错", "请在 Prefect 界面打开该任务查看日志；排除故障后点“Retry”重试，重试不会重复入库或重复寄信。"),
    "迟误": (
        "任务迟迟没有开始",
        "到点五分钟还没有进程办理。请确认 jibao up（或 worker）在运行，没有别的任务卡住；恢复后错过的任务会自动补办一次。",
    ),
    "暂停": (
        "队列已暂停",
        "暂停期间定时任务一律不会开始。请在 Prefect 界面的 Work Pools 里恢复；恢复后错过的任务会自动补办一次。",
    ),
}  # fmt: skip


@flow(
    name="任务告警",
    flow_run_name="告警 {form.run}",
    description="某个任务出错时由自动规则启动：给运维写一封信。同一个任务只写一次。",
)
def alarm(form: AlarmForm = BLANK) -> State[Any]:
    return desk.answered(lambda: _alarm(form))


def _alarm(form: AlarmForm) -> State[Any]:
    as_of = clock.now()
    with desk.office_for(form) as office:
        contacts = office.config.contacts
        what, to_do = ADVICE[form.kind]
        view = AlertView(
            f"{what}：{form.run}",
            as_of,
            (f"状态：{form.state}", f"说明：{form.message or '没有说明'}"),
            to_do,
        )
        about = f"run/{form.run_id}" if form.kind == "出错" else f"{form.kind}/{form.run_id}"
        to = contacts.operator or contacts.coordinator
        letter = Post(office, as_of).letter("alert", "alert", to, step=about, view=view)
        with office.store() as store, store.transaction():
            new = ledger.enqueue(store, [letter])
        steps.deliver(office, as_of)
    return desk.finished("已告警" if new else "已告警过", f"{form.run}:{form.state}")


def ensure_automations() -> None:
    """Creates each automation, or puts it right; safe to repeat. The deployments they start must exist."""
    with get_client(sync_client=True) as client:
        alarm_id = client.read_deployment_by_name(ALARM).id
        collect_id = client.read_deployment_by_name(COLLECT).id
        for wanted in (
            uploads(collect_id), dead_runs(), failed_runs(alarm_id), late_runs(alarm_id), paused_queues(alarm_id),
        ):  # fmt: skip
            known = client.read_automations_by_name(wanted.name)
            if known:
                client.update_automation(known[0].id, wanted)
            else:
                client.create_automation(wanted)


def uploads(collect_deployment: UUID) -> AutomationCore:
    """The watcher's events start one collection, however many units drop their files at once."""
    return AutomationCore(
        name=UPLOADS,
        description="投递目录里有了写完的文件就启动采集；5 秒内的多份文件只启动一次。监视停了，定时采集照常收取。",
        trigger=EventTrigger(
            expect={ARRIVED},
            match={"prefect.resource.id": "jibao.unit.*"},
            posture=Posture.Reactive,
            threshold=1,
            within=DEBOUNCE,
        ),
        actions=[
            RunDeployment(
                source="selected",
                deployment_id=collect_deployment,
                parameters={"form": {"actor": WATCHER, "reason": "有新文件"}},
            )
        ],
    )


def dead_runs() -> AutomationCore:
    """A run whose heartbeats stop is ended, so that it neither blocks nor deceives anybody."""
    return AutomationCore(
        name=DEAD_RUNS,
        description="任务进程意外消失（断电、被杀）后，90 秒收不到心跳即结束该任务。重跑是安全的。",
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
                message="90 秒没有心跳，执行进程已不在；请确认 jibao up 在运行，再点“Retry”重试",
            )
        ],
    )


def failed_runs(alarm_deployment: UUID) -> AutomationCore:
    return _alarming(
        FAILED_RUNS,
        "任务出错或失联时，启动“出错告警”给运维写信。",
        "出错",
        {f"prefect.flow-run.{name}" for name in ALARMING},
        alarm_deployment,
    )


def late_runs(alarm_deployment: UUID) -> AutomationCore:
    return _alarming(
        LATE_RUNS,
        "任务到点五分钟还没有开始时，启动“出错告警”给运维写信。",
        "迟误",
        {"prefect.flow-run.Late"},
        alarm_deployment,
    )


def paused_queues(alarm_deployment: UUID) -> AutomationCore:
    """Only where a worker serves a pool: what ``jibao up`` serves has no queue that could be paused."""
    return AutomationCore(
        name=PAUSED_QUEUES,
        description="有人暂停了工作池或队列时，启动“出错告警”给运维写信。",
        trigger=EventTrigger(
            expect={"prefect.work-queue.paused", "prefect.work-pool.paused"},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            _start_alarm(
                alarm_deployment,
                kind="暂停",
                run=_told("{{ event.resource.name }}"),
                run_id=_told("{{ event.id }}"),
                state="已暂停",
            )
        ],
    )


def _alarming(name: str, description: str, kind: str, events: set[str], deployment: UUID) -> AutomationCore:
    return AutomationCore(
        name=name,
        description=description,
        trigger=EventTrigger(
            expect=events,
            match={"prefect.resource.id": "prefect.flow-run.*"},
            # Only the office's own runs: an alarm that fails must not raise the next one.
            match_related={
                "prefect.resource.id": f"prefect.tag.{missed.TAG}",
                "prefect.resource.role": "tag",
            },
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            _start_alarm(
                deployment,
                kind=kind,
                run=_told("{{ flow_run.name }}"),
                run_id=_told("{{ flow_run.id }}"),
                state=_told("{{ flow_run.state.name }}"),
                message=_told("{{ flow_run.state.message or '' }}"),
            )
        ],
    )


def _start_alarm(deployment: UUID, **form: str | dict[str, str]) -> RunDeployment:
    filled = form | {"actor": "自动规则"}
    return RunDeployment(source="selected", deployment_id=deployment, parameters={"form": filled})


def _told(template: str) -> dict[str, str]:
    """Filled in by Prefect when the automation fires."""
    return {"__prefect_kind": "jinja", "template": template}
