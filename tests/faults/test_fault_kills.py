"""Killed anywhere in a cycle, run again: the same mart, archive, pages and letters as if nothing had happened."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from offices import small_office, whole_office
from trials import CYCLE, PERIOD, Forge, Outcome, check_equal, copy_home, repointed, state

from flows.mailing.sink import EmbeddedSink
from warehouse.killpoints import POINTS

# One of each stage; the others take their turn under stress.
EVERY_TIME = (
    "claim",
    "archive",
    "parse",
    "commit",
    "journal",
    "withdrawn",
    "compute",
    "enqueue",
    "sent",
    "sink-part",
)
Rounds = Callable[[int, int], int]


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    with Forge() as made:
        yield made


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSink]:
    with EmbeddedSink(tmp_path_factory.mktemp("sink")) as running:
        yield running


def done(outcome: Outcome) -> bool:
    return outcome.status in (0, 1)


def copies_allowed(sink: EmbeddedSink, home: Path, killed: int) -> None:
    """A letter in flight at a kill may come twice, under its Message-ID; a formal one never does."""
    twice = {name: n for name, n in sink.copies.items() if n > 1}
    assert sum(n - 1 for n in twice.values()) <= killed
    for name in twice:
        text = (home / "outbox" / name).read_bytes()
        assert b"lingdao" not in text.split(b"\r\n\r\n")[0], "a formal letter was sent twice"


@pytest.mark.stress
def test_killed_at_every_point(forge: Forge, tmp_path: Path, rounds: Rounds) -> None:
    template, reference = tmp_path / "template", tmp_path / "reference"
    small_office(template)
    copy_home(template, reference)
    undisturbed = forge.run(reference, *CYCLE, count=True)
    assert done(undisturbed), undisturbed.said
    assert set(POINTS) == set(undisturbed.points), "every named point lies on the way"
    chance, times = random.Random(20191018), rounds(1, 5)
    for point in POINTS if times > 1 else EVERY_TIME:
        hits = undisturbed.points[point]
        chosen = sorted({1, hits, *chance.sample(range(1, hits + 1), min(hits, times))})[: max(times, 1)]
        for n in chosen if times > 1 else [chance.randint(1, hits)]:
            home = copy_home(template, tmp_path / "home")
            died = forge.run(home, *CYCLE, JIBAO_KILL_AT=f"{point}:{n}")
            assert died.status == -9, (point, n, died)
            again = forge.run(home, *CYCLE)
            assert done(again), (point, n, again.said)
            try:
                check_equal(state(reference), home, 1)
            except AssertionError as error:
                raise AssertionError(f"killed at {point}:{n}") from error
            _remove(home)


@pytest.mark.stress
def test_killed_at_random_during_a_whole_cycle(
    forge: Forge, sink: EmbeddedSink, tmp_path: Path, rounds: Rounds
) -> None:
    template, reference = tmp_path / "template", tmp_path / "reference"
    whole_office(template, sink.port)
    copy_home(template, reference)
    began = time.monotonic()
    with repointed(sink, reference / "outbox"):
        assert done(forge.run(reference, *CYCLE))
    whole = time.monotonic() - began
    wanted, chance, killed = state(reference), random.Random(), 0
    for trial in range(rounds(1, 100)):
        home = copy_home(template, tmp_path / "home")
        with repointed(sink, home / "outbox"):
            first = forge.run(home, *CYCLE, kill_after=chance.uniform(0, whole))
            killed += first.status == -9
            again = forge.run(home, *CYCLE)
            assert done(again), (trial, again.said)
            try:
                check_equal(dict(wanted), home, 1)
            except AssertionError as error:
                raise AssertionError(f"trial {trial}, {first}") from error
            copies_allowed(sink, home, 1)
        _remove(home)
    print(f"killed at work {killed} times")  # noqa: T201


def test_what_dead_processes_left_is_swept_up(forge: Forge, tmp_path: Path) -> None:
    """Half-written reports, workbooks, returns, pages, copies and letters; a stale claim, a lock file nobody holds."""
    template, reference = tmp_path / "template", tmp_path / "reference"
    small_office(template)
    copy_home(template, reference)
    assert done(forge.run(reference, *CYCLE))
    home = copy_home(template, tmp_path / "home")
    dead = subprocess.Popen(["true"])
    dead.wait()
    places = (
        "",
        "archive",
        "quarantine",
        "outbox",
        f"workbooks/{PERIOD}",
        f"reports/{PERIOD}",
        f"returned/{PERIOD}",
    )
    for place in (*places, "site", "site/units", "site/data"):
        (home / place).mkdir(parents=True, exist_ok=True)
        (home / place / f".half.{dead.pid}-0.part").write_bytes(b"half")
    (home / "landing").mkdir(exist_ok=True)
    (home / "landing/.landing-x").write_bytes(b"half")
    for lock in ("landing.lock", "site.lock", "warehouse.duckdb.lock", "outbox/.deliver.lock"):
        (home / lock).touch()
    [waiting] = (home / "inbox/KJJ").glob("重传.xlsx")
    claims = home / "landing/.claims/KJJ"
    claims.mkdir(parents=True)
    waiting.rename(claims / waiting.name)
    (home / "warehouse.snapshot.duckdb").write_bytes(b"half a snapshot")
    assert done(ended := forge.run(home, *CYCLE)), ended.said
    check_equal(state(reference), home, 0)


@pytest.mark.stress
def test_two_coordinators_at_once_make_one_result(forge: Forge, tmp_path: Path, rounds: Rounds) -> None:
    """Both run the whole cycle at the same moment: one set of figures, one letter each, both end well."""
    template, reference = tmp_path / "template", tmp_path / "reference"
    small_office(template)
    copy_home(template, reference)
    assert done(forge.run(reference, *CYCLE))
    for _ in range(rounds(1, 20)):
        home = copy_home(template, tmp_path / "home")
        both = [forge.start(home, *CYCLE), forge.start(home, *CYCLE)]
        ended = [forge.wait(n) for n in both]
        assert all(done(e) for e in ended), [e.said for e in ended]
        forge.run(home, "mail", "list")
        check_equal(state(reference), home, 0)
        _remove(home)


def _remove(home: Path) -> None:
    subprocess.run(["rm", "-rf", str(home)], check=True)
