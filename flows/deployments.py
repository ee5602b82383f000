"""Deployments: which flow runs when, under which name. ``python -m flows.deployments`` serves them.

Belongs here: names, schedules, the writer's limit. Does not: what a flow does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Schedule
from prefect.types.entrypoint import EntrypointType

from config.calendar import Cadence
from flows import desk, parameters
from flows.automations import ALARM, alarm, ensure_automations
from flows.collect import collect
from flows.decide import decide
from flows.open_cycle import open_cycle
from flows.remind import remind
from flows.report import report
from flows.reporting_cycle import reporting_cycle
from flows.sign_off import sign_off

ZONE = "Asia/Shanghai"


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
    Planned(collect, "投递目录", "*/15 8-20 * * *", "定时"),
    Planned(remind, "每日催报", "0 9 * * *", "定时"),
    Planned(report, "测算与通报", "30 8 * * *", "定时", {"after_due": True}),
    Planned(sign_off, "签发", None, "手工"),
    Planned(decide, "办理", None, "手工"),
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
    cron = (
        planned.yearly_cron
        if planned.yearly_cron and parameters.cadence() is Cadence.YEARLY
        else planned.cron
    )
    return Cron(cron, timezone=ZONE, parameters={"form": planned.form} if planned.form else {})


def ensure_writer_limit() -> None:
    """Creates the one-writer limit, or puts it right; safe to repeat."""
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(desk.WRITER, 1)


def main() -> None:
    """Serves every deployment until SIGTERM."""
    from prefect import serve

    ensure_writer_limit()
    made = deployments()
    # The alarm automation names its deployment, so that one has to exist first.
    for deployment in made:
        if deployment.name == ALARM.partition("/")[2]:
            deployment.apply()
    ensure_automations()
    # Schedules stay on while nobody serves: what fell due meanwhile runs once we are back.
    serve(*made, pause_on_shutdown=False, print_starting_message=False, limit=4)


if __name__ == "__main__":
    main()
