"""Disks that are full, broken or read-only: one clear line, nothing lost, and the next run puts all right by itself."""

from __future__ import annotations

import errno
import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from offices import small_office
from trials import CYCLE, MOMENT, PERIOD, Forge, Outcome, check_equal, copy_home, differences, state

Rounds = Callable[[int, int], int]
LINES = ("磁盘已满", "没有写入权限或磁盘只读", "磁盘读写出错", "邮件没有全部寄出")
# A small cycle in three commands, so that a fault in the last one does not cost the first ones again.
STAGES = {
    "open": ("open", "--period", PERIOD, "--as-of", MOMENT),
    "collect": ("collect", "--as-of", MOMENT),
    "report": ("report", "--period", PERIOD, "--as-of", MOMENT, "--send"),
}


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the shim that makes calls fail")
    shim = tmp_path_factory.mktemp("shim") / "failing.so"
    source = Path(__file__).with_name("failing.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-w", "-o", shim, source, "-ldl"], check=True)
    with Forge(shim) as made:
        yield made


@pytest.fixture(scope="module")
def ladder(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """By stage: the office before it and after it, undisturbed."""
    folder, made = tmp_path_factory.mktemp("ladder"), {}
    before = folder / "new"
    small_office(before)
    for stage, command in STAGES.items():
        after = copy_home(before, folder / stage)
        ended = forge.run(after, *command)
        assert ended.status in (0, 1), ended.said
        made[stage] = (before, after)
        before = after
    return made


def under_stress_only(rounds: Rounds, is_spared: bool) -> None:
    """One or two of a kind in every run, all of them under stress."""
    if is_spared and not rounds(0, 1):
        pytest.skip("under stress only")


def said_so(outcome: Outcome) -> bool:
    if outcome.status == -signal.SIGABRT:
        # DuckDB ends the process itself when a broken disk refuses to truncate its log.
        return "Could not truncate file" in outcome.said
    return "Traceback" not in outcome.said and any(line in outcome.said for line in LINES)


@pytest.mark.stress
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("kinds", "error", "stays"),
    [("w", errno.ENOSPC, 1), ("wtsro", errno.EIO, 0), ("ro", errno.ENOSPC, 0)],
    ids=["disk full from the N-th write on", "the N-th call of any kind broken", "the N-th name refused"],
)
def test_the_nth_call_fails(
    forge: Forge, ladder: dict[str, tuple[Path, Path]], tmp_path: Path, rounds: Rounds, stage: str, kinds: str,
    error: int, stays: int,
) -> None:  # fmt: skip
    under_stress_only(rounds, (stage, kinds) not in (("open", "ro"), ("collect", "wtsro"), ("report", "w")))
    before, after = ladder[stage]

    def run(n: int) -> Outcome:
        return forge.run(home, *STAGES[stage], arm=(str(home), kinds, str(n), str(error), str(stays)))

    home = copy_home(before, tmp_path / "home")
    counted = run(0)
    assert counted.status in (0, 1) and differences(state(after), state(home)) == []
    total = counted.faults[0]
    assert total > 20
    chosen = range(1, total + 1)
    for n in sorted(random.Random(stage).sample(chosen, min(total, rounds(1, total)))):
        subprocess.run(["rm", "-rf", str(home)], check=True)
        copy_home(before, home)
        failed = run(n)
        told = f"{stage}, call {n} of {total}: {failed}"
        if failed.status in (0, 1) and not said_so(failed):
            assert differences(state(after), state(home)) == [], f"lost without a word: {told}"
        else:
            assert failed.status in (1, 3) and said_so(failed), told
        again = forge.run(home, *STAGES[stage])
        assert again.status in (0, 1), (told, again.said)
        try:
            check_equal(state(after), home, 1)
        except AssertionError as error:
            raise AssertionError(told) from error


@contextmanager
def mounted(*command: str, at: Path) -> Iterator[None]:
    if subprocess.run(["mount", *command, str(at)], capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@pytest.mark.stress
@pytest.mark.parametrize("place", ["warehouse", "archive", "outbox", "log"])
def test_a_full_disk_is_said_and_goes_on_by_itself(
    forge: Forge, ladder: dict[str, tuple[Path, Path]], tmp_path: Path, rounds: Rounds, place: str
) -> None:
    under_stress_only(rounds, place in ("archive", "log"))
    before, after = ladder["open"][0], ladder["report"][1]
    home = tmp_path / "home"
    home.mkdir()
    at = {"warehouse": home, "archive": home / "archive", "outbox": home / "outbox", "log": home / "logs"}[
        place
    ]
    if place != "warehouse":
        shutil.rmtree(home)
        copy_home(before, home)
    with mounted("-t", "tmpfs", "-o", f"size={20 if place == 'warehouse' else 6}m", "none", at=at):
        if place == "warehouse":
            subprocess.run(["cp", "-a", f"{before}/.", str(home)], check=True)
        free = {"warehouse": 3 << 20, "archive": 16 << 10, "outbox": 64 << 10, "log": 0}[place]
        fill(at, free)
        stopped = forge.run(home, *CYCLE)
        if place == "log":
            assert stopped.status in (0, 1), "a full log stops no work"
        else:
            assert stopped.status == 3 and said_so(stopped), stopped
            still = forge.run(home, *CYCLE)
            assert still.status == 3 and said_so(still), "and again while it lasts"
        if place == "archive":
            (at / "filler").unlink()  # space is freed
        else:
            subprocess.run(["mount", "-o", "remount,size=128m", str(at)], check=True)  # or made
        again = forge.run(home, *CYCLE)
        assert again.status in (0, 1), again.said
        (at / "filler").unlink(missing_ok=True)
        assert differences(state(after), state(home)) == []


def fill(folder: Path, free: int) -> None:
    """Leaves about ``free`` bytes on the folder's disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65536)
        except OSError as error:
            assert error.errno == errno.ENOSPC
        file.truncate(max(0, file.tell() - free))


PLACES = (
    "archive",
    "audit",
    "landing",
    "letters",
    "quarantine",
    "outbox",
    "reports",
    "returned",
    "site",
    "workbooks",
    "inbox",
    ".",
)


@pytest.mark.stress
@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_became_read_only(
    forge: Forge, ladder: dict[str, tuple[Path, Path]], tmp_path: Path, rounds: Rounds, place: str
) -> None:
    under_stress_only(rounds, place not in ("archive", "."))
    before, after = ladder["open"][0], ladder["report"][1]
    home = copy_home(before, tmp_path / "home")
    at = (home / place).resolve()
    at.mkdir(exist_ok=True)
    with mounted("--bind", str(at), at=at):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(at)], check=True)
        stopped = forge.run(home, *CYCLE)
        if place == "inbox":
            assert stopped.status in (0, 1), "what lies in a folder that cannot be emptied is answered once"
        else:
            assert stopped.status == 3 and said_so(stopped), stopped
        subprocess.run(["mount", "-o", "remount,rw,bind", str(at)], check=True)
        # The archive is on another file system now as far as hard links are concerned.
        again = forge.run(home, *CYCLE)
        assert again.status in (0, 1), again.said
        assert differences(state(after), state(home)) == []


@pytest.mark.stress
@pytest.mark.parametrize("what", ["warehouse.duckdb.wal", "warehouse.duckdb"])
def test_a_flipped_byte_is_found_and_the_message_names_the_command(
    forge: Forge, ladder: dict[str, tuple[Path, Path]], tmp_path: Path, rounds: Rounds, what: str
) -> None:
    """Either the byte meant nothing and all figures stand, or the program stops and says how to mend it."""
    before, after = ladder["report"][0], ladder["report"][1]
    damaged = copy_home(before, tmp_path / "damaged")
    if what.endswith(".wal"):
        died = forge.run(damaged, *STAGES["report"], JIBAO_KILL_AT="enqueue:1")
        assert died.status == -9
    size = (damaged / what).stat().st_size
    chance, found = random.Random(what), 0
    for _ in range(rounds(2, 60)):
        home = copy_home(damaged, tmp_path / "home")
        place = chance.randrange(size)
        with (home / what).open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ (1 << chance.randrange(8))]))
        outcome = forge.run(home, *STAGES["report"])
        if outcome.status == 3:
            assert "jibao rebuild" in outcome.said or "jibao restore" in outcome.said, (place, outcome.said)
            found += 1
        else:
            assert outcome.status in (0, 1), outcome.said
            assert differences(state(after), state(home)) == [], f"byte {place} of {size}"
        subprocess.run(["rm", "-rf", str(home)], check=True)
    assert found or what == "warehouse.duckdb"
