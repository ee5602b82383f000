"""The drop-folder watcher: notices settled files and says so to Prefect. ``python -m flows.service.watch``.

It emits one event a unit; an automation (flows.automations) starts the collection. File events are only a hint
(network shares miss them); looking every few seconds is the truth. Without this watcher the schedule alone
collects the same files.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from flows import inbox as drop_folder
from flows.office import Office

# One event a unit whose files have settled.
ARRIVED = "jibao.upload.arrived"

log = logging.getLogger("jibao.watch")

# Files that are still there are told again: soon, because a collection may just have passed them by; then ever
# more rarely, because what stays (foreign folders, a failed run) must not cause a tight loop.
AGAIN_SECONDS = (30.0, 60.0, 300.0)
Waiting = frozenset[tuple[bytes, str]]


class Watcher:
    """Calls ``tell`` once for each new set of settled files; again after AGAIN_SECONDS while any remain.

    :param settle_seconds: how long a file must not have changed
    :param tell: gets the folders concerned with the number of files in each; when it raises, the same files are
        told at the next look
    """

    def __init__(self, inbox: Path, settle_seconds: float, tell: Callable[[Mapping[str, int]], None]) -> None:
        self.inbox = inbox
        self.settle_seconds = settle_seconds
        self.tell = tell
        self._told: Waiting = frozenset()
        self._told_at = float("-inf")
        self._repeated = 0
        self.growing = False

    def look(self, now: float) -> bool:
        """One look at wall time ``now`` (seconds); whether anything was told."""
        scan = drop_folder.scan(self.inbox, now=now, settle_seconds=self.settle_seconds)
        self.growing = bool(scan.growing)
        ready = frozenset((c.path, c.entry) for c in scan.ready)
        new = ready - self._told
        if not new:
            self._told &= ready
            pause = AGAIN_SECONDS[min(self._repeated, len(AGAIN_SECONDS) - 1)]
            if not ready or now - self._told_at < pause:
                return False
        about = new or ready
        self.tell(Counter(c.folder for c in scan.ready if (c.path, c.entry) in about))
        self._repeated = 0 if new else self._repeated + 1
        self._told, self._told_at = ready, now
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
            log.info("投递目录有新文件，已告知 Prefect")
    except Exception as error:  # the watcher outlives a server that is away; the schedule collects as well
        watcher.growing = False
        log.warning("未能告知 Prefect，稍后再试：%s", error)


def announce(office: Office, folders: Mapping[str, int]) -> None:
    """Emits ``jibao.upload.arrived`` for each unit; files in a folder that is nobody's are told too.

    Through the plain API: the event stream would take events for a server that is away without a word.
    """
    from prefect.client.orchestration import get_client
    from prefect.events import Event, Resource

    events = []
    for folder, files in folders.items():
        unit = office.config.find_unit(folder) if folder else None
        about = Resource({
            "prefect.resource.id": f"jibao.unit.{unit.code if unit else 'unknown'}",
            "prefect.resource.name": unit.name if unit else "无主文件夹",
        })  # fmt: skip
        events.append(Event(event=ARRIVED, resource=about, payload={"files": files}))
    with get_client(sync_client=True) as client:
        client.request("POST", "/events", json=[e.model_dump(mode="json") for e in events])  # type: ignore[arg-type]


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
    watcher = Watcher(
        office.home.inbox,
        office.config.settings.intake.settle_seconds,
        lambda folders: announce(office, folders),
    )
    watch(watcher, float(os.environ.get("JIBAO_POLL_SECONDS", "10")), stop)


if __name__ == "__main__":
    main()
