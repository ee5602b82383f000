"""What a schedule missed while server or runner were away: made up once a deployment, in the order it fell due.

Belongs here: which late run does the work. Does not: the work; it always speaks of the present moment.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, State

TAG = "季报"
# Younger delays are ordinary waiting for a free process.
LATE = timedelta(minutes=1)
WAIT_SECONDS = 900.0
MERGED = "已合并"
UNDER_WAY = [StateType.PENDING, StateType.RUNNING]


def merged() -> State[Any] | None:
    """The state of a late scheduled run that another one makes up for; None when this run has to do the work.

    The earliest run of a deployment takes over all later ones that are due by now. It waits for late runs of
    other deployments that fell due before it, so that a quarter is opened before it is reported.
    """
    with get_client(sync_client=True) as client:
        me = client.read_flow_run(UUID(flow_run.id))
        now = datetime.now(UTC)
        due = me.expected_start_time
        if not me.auto_scheduled or me.run_count > 1 or due is None:
            return None
        siblings = _due(client, me, now, [StateType.SCHEDULED, *UNDER_WAY])
        for other in siblings:
            # A late one makes up for me too, even when I am hardly late myself.
            if other.state_type != StateType.SCHEDULED and _before(other, me) and _is_late(other, now):
                return Completed(name=MERGED, message=f"错过多次，只补办一次：由“{other.name}”办理")
        if not _is_late(me, now):
            return None
        taken = Cancelled(name=MERGED, message=f"错过多次，只补办一次：由“{me.name}”办理")
        for other in siblings:
            if other.state_type == StateType.SCHEDULED:
                client.set_flow_run_state(other.id, taken, force=True)
        give_up = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < give_up and any(
            _before(o, me) for o in _due(client, me, now, UNDER_WAY, others=True)
        ):
            time.sleep(1)
    return None


def _due(
    client: SyncPrefectClient, me: FlowRun, now: datetime, states: list[StateType], *, others: bool = False
) -> list[FlowRun]:
    """Scheduled runs that are due and in one of ``states``: of my deployment, or of all the office's others."""
    mine = DeploymentFilter(id=DeploymentFilterId(any_=[me.deployment_id] if me.deployment_id else []))
    office = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    found = client.read_flow_runs(
        deployment_filter=office if others else mine,
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=states)),
            expected_start_time=FlowRunFilterExpectedStartTime(before_=now),
        ),
    )
    return [
        r
        for r in found
        if r.auto_scheduled and r.id != me.id and not (others and r.deployment_id == me.deployment_id)
    ]


def _is_late(run: FlowRun, now: datetime) -> bool:
    due = run.expected_start_time
    return due is not None and (run.start_time or now) - due >= LATE


def _before(one: FlowRun, other: FlowRun) -> bool:
    """Whether ``one`` fell due before ``other``; runs of the same instant are told apart by their number."""
    never = datetime.max.replace(tzinfo=UTC)
    return (one.expected_start_time or never, str(one.id)) < (
        other.expected_start_time or never,
        str(other.id),
    )
