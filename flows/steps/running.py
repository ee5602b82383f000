"""Every use case leaves one row in ``mart.run``: what, for which period, by whom, with what outcome."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from flows import clock, logbook
from flows.office import Office
from warehouse import facts
from warehouse.store import Store


@contextmanager
def recorded(office: Office, store: Store, flow: str, period: str | None, **parameters: Any) -> Iterator[str]:
    """The run's id; its end and outcome are appended even when the work fails."""
    run_id = uuid.uuid4().hex
    text = json.dumps(parameters, ensure_ascii=False, default=str, sort_keys=True)
    with store.transaction():
        facts.start_run(
            store,
            run_id,
            flow,
            period,
            text,
            office.trigger,
            clock.now(),
            office.config.config_hash,
            version("jibao"),
        )
    began = time.monotonic()
    said = {"run_id": run_id, "flow": flow, "period": period, "trigger": office.trigger}
    try:
        yield run_id
    except BaseException as error:
        logbook.failure(office.home.logs, "run_ended", error, outcome="failed", seconds=_since(began), **said)
        with store.transaction():
            facts.end_run(store, run_id, clock.now(), "failed")
        raise
    with store.transaction():
        facts.end_run(store, run_id, clock.now(), "done")
    logbook.write(office.home.logs, "run_ended", outcome="done", seconds=_since(began), **said)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
