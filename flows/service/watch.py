"""The drop-folder watcher: notices settled files and starts the collect deployment. ``python -m flows.service.watch``.

File events are only a hint (network shares miss them); looking every few seconds is the truth. Without this
watcher the schedule alone collects the same files.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flows import inbox as drop_folder

log = logging.getLogger("jibao.watch")

# Files that stay in the drop folder (foreign folders, a failed run) are tried again, but not in a tight loop.
RETRY_SECONDS = 300.0
Fingerprint = frozenset[tuple[bytes, str]]


class Watcher:
    """Calls ``trigger`` once for each new set of settled files; again after RETRY_SECONDS while they remain.

    :param settle_seconds: how long a file must not have changed
    :param trigger: starts a collection; when it raises, the same files are offered at the next look
    """

    def __init__(self, inbox: Path, settle_seconds: float, trigger: Callable[[], None]) -> None:
        self.inbox = inbox
        self.settle_seconds = settle_seconds
        self.trigger = trigger
        self._offered: Fingerprint = frozenset()
        self._offered_at = float("-inf")
        self.growing = False

    def look(self, now: float) -> bool:
        """One look at wall time ``now`` (seconds); whether a collection was started."""
        scan = drop_folder.scan(self.inbox, now=now, settle_seconds=self.settle_seconds)
        self.growing = bool(scan.growing)
        ready = frozenset((c.path, c.entry) for c in scan.ready)
        is_new = bool(ready - self._offered)
        if not ready or not (is_new or now - self._offered_at >= RETRY_SECONDS):
            return False
        self.trigger()
        self._offered, self._offered_at = ready, now
        return True


def watch(watcher: Watcher, poll_seconds: float, stop: threading.Event) -> None:
    """Looks at every file event and at least every ``poll_seconds`` until ``stop`` is set."""
    from watchfiles import watch as events

    stream = events(
        watcher.inbox, stop_event=stop, rust_timeout=max(int(poll_seconds * 1000), 1), yield_on_timeout=True,
        debounce=400, raise_interrupt=False,
    )  # fmt: skip
    for _ in stream:
        _look(watcher)
        # A file still being written gives no later event: wait until it has settled.
        while watcher.growing and not stop.wait(watcher.settle_seconds + 0.1):
            _look(watcher)


def _look(watcher: Watcher) -> None:
    try:
        if watcher.look(time.time()):
            log.info("投递目录有新文件,已启动采集")
    except Exception as error:  # the watcher outlives a server that is away; the schedule collects as well
        watcher.growing = False
        log.warning("未能启动采集,稍后再试:%s", error)


def start_collect() -> None:
    """Starts one run of the collect deployment through the API of PREFECT_API_URL."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("采集/投递目录")
        client.create_flow_run_from_deployment(
            deployment.id,
            parameters={"form": {"actor": "投递目录监视", "reason": "有新文件"}},
            tags=["监视"],
        )


def main() -> None:
    import signal

    from flows.office import open_office

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    office = open_office(trigger="投递目录监视")
    office.home.create()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    watcher = Watcher(office.home.inbox, office.config.settings.intake.settle_seconds, start_collect)
    watch(watcher, float(os.environ.get("JIBAO_POLL_SECONDS", "10")), stop)


if __name__ == "__main__":
    main()
