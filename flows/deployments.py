"""Deployments: which flow runs when, under which name. ``python -m flows.deployments`` serves them.

``jibao up`` serves them itself; ``jibao deploy`` hands them to a work pool of another Prefect server.

Belongs here: names, schedules, the writer's limit. Does not: what a flow does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkQueueCreate
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Schedule
from prefect.types.entrypoint import EntrypointType

from config.calendar import Cadence
from flows import desk, parameters
from flows.automations import ALARM, COLLECT, alarm, ensure_automations
from flows.collect import collect
from flows.decide import decide
from flows.maintain import maintain
from flows.open_cycle import open_cycle
from flows.rebuild_site import rebuild_site
from flows.recheck import recheck
from flows.remind import remind
from flows.report import report
from flows.reporting_cycle import reporting_cycle
from flows.sign_off import sign_off

ZONE = "Asia/Shanghai"
ALARM_QUEUE = "alarm"
PROCESSES = 6  # flow runs at once: one works, the others wait for the writer or tell of failures


@dataclass(frozen=True)
class Planned:
    """``cron`` in Asia/Shanghai; None means by hand only. ``yearly_cron``: where the plan reports by year."""

    flow: Flow[..., Any]
    name: str
    cron: str | None
    tag: str
    form: dict[str, Any] | None = None  # what the schedule fills in
    office_tag: bool = True  # runs with this tag raise alarms
    yearly_cron: str | None = None

    @property
    def tags(self) -> list[str]:
        return ["季报", self.tag] if self.office_tag else [self.tag]


PLANNED = (
    Planned(open_cycle, "季初开启", "0 8 1 1,4,7,10 *", "定时", yearly_cron="0 8 1 1 *"),
    Planned(collect, "投递目录", parameters.COLLECT_CRON, "定时"),
    Planned(remind, "每日催报", "0 9 * * *", "定时"),
    Planned(report, "测算与通报", "30 8 * * *", "定时", {"after_due": True}),
    Planned(sign_off, "签发", None, "手工"),
    Planned(decide, "办理", None, "手工"),
    Planned(recheck, "按现行规则复核", None, "手工"),
    Planned(rebuild_site, "重新生成页面", None, "手工"),
    Planned(maintain, "每日维护", "30 2 * * *", "定时"),
    Planned(alarm, "出错告警", None, "告警", office_tag=False),
    Planned(reporting_cycle, "手工重跑", None, "手工"),  # the last: flows.service.up waits for it
)


def deployments() -> list[RunnerDeployment]:
    """All of them, by module path; drop-downs come from the register of JIBAO_HOME and JIBAO_CONFIG."""
    return [_deployment(planned) for planned in PLANNED]


def _deployment(planned: Planned) -> RunnerDeployment:
    deployment = RunnerDeployment.from_flow(
        planned.flow,
        name=planned.name,
        schedule=_schedule(planned),
        tags=planned.tags,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    # Prefect titles a parameter by its Python name; people see the form's own title.
    form = deployment._parameter_openapi_schema.properties["form"]
    form["title"] = "填写内容"
    return deployment


def _schedule(planned: Planned) -> Schedule | None:
    if planned.cron is None:
        return None
    cron = planned.cron
    if planned.yearly_cron and parameters.cadence() is Cadence.YEARLY:
        cron = planned.yearly_cron
    elif planned.flow is collect:
        cron = parameters.collect_cron()
    return Cron(cron, timezone=ZONE, parameters={"form": planned.form} if planned.form else {})


def ensure_writer_limit() -> None:
    """Creates the one-writer limit, or puts it right; safe to repeat."""
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(desk.WRITER, 1)


def deploy(pool: str) -> list[str]:
    """Hands every deployment to the work pool ``pool`` (made when absent); safe to repeat. Returns their names.

    Alarms have a queue of their own, so that they still leave while somebody has paused the other one.
    """
    with get_client(sync_client=True) as client:
        if pool not in {p.name for p in client.read_work_pools()}:
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        known = client.request("POST", f"/work_pools/{pool}/queues/filter", json={}).json()  # type: ignore[arg-type]
        if ALARM_QUEUE not in {queue["name"] for queue in known}:
            queue = WorkQueueCreate(name=ALARM_QUEUE).model_dump(mode="json", exclude_unset=True)
            client.request("POST", f"/work_pools/{pool}/queues", json=queue)  # type: ignore[arg-type]
    ensure_writer_limit()
    made = deployments()
    for deployment in made:
        deployment.work_queue_name = ALARM_QUEUE if _full_name(deployment) == ALARM else None
        deployment.apply(work_pool_name=pool)
    ensure_automations()
    return [_full_name(deployment) for deployment in made]


def _full_name(deployment: RunnerDeployment) -> str:
    return f"{deployment.flow_name}/{deployment.name}"


def main() -> None:
    """Serves every deployment until SIGTERM."""
    from prefect import serve

    ensure_writer_limit()
    made = deployments()
    # The automations name these, so they have to exist first.
    for deployment in made:
        if _full_name(deployment) in (ALARM, COLLECT):
            deployment.apply()
    ensure_automations()
    # Schedules stay on while nobody serves: what fell due meanwhile runs once we are back (flows.missed).
    serve(*made, pause_on_shutdown=False, print_starting_message=False, limit=PROCESSES)


if __name__ == "__main__":
    main()
