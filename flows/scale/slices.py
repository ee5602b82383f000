"""One slice: the files of some cities' units taken, read, judged and put down as staged Parquet. Writes no warehouse.

Belongs here: which units make a slice, the order of the steps. Does not: loading (committing), Prefect (deployed).

It may die anywhere and be sent twice at once: files stay in the drop folder until the committer has loaded them, and
what is staged is named by its content.
"""

from __future__ import annotations

import shutil
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from checks.findings import Finding
from flows import inbox as drop_folder
from flows.office import Office
from flows.scale.batches import KEPT_ENTRY, tables_of
from flows.steps import judging, returning, taking, verdicts
from flows.steps.collecting import NotChecked
from flows.steps.taking import Arrived
from warehouse import checking, facts
from warehouse.facts import Judged
from warehouse.intake.guard import Refusal
from warehouse.intake.reading import Landing, Reading
from warehouse.lake import staging
from warehouse.store import Reader

# Whole cities up to about this many files are judged and staged together: one load of the engine, one Parquet file,
# and differences between a city's units are seen. Peak memory of a worker follows from it.
CHUNK_FILES = 500


@dataclass(frozen=True)
class Slice:
    """The ``part``-th of ``parts``, from 1. The last one also takes what lies in folders that are nobody's."""

    part: int
    parts: int


@dataclass
class SliceResult:
    """``batches`` were staged now; ``known`` files were staged or loaded before."""

    files: int = 0
    known: int = 0
    batches: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def units_of(office: Office, part: Slice) -> set[str]:
    """Codes of the units of a slice: cities are never cut, and the slices hold about the same number of units."""
    cities: dict[str, list[str]] = defaultdict(list)
    for unit in office.config.units:
        cities[unit.city or office.config.plan.city].append(unit.code)
    chosen: set[str] = set()
    before, total = 0, len(office.config.units)
    for codes in cities.values():
        # The middle of a city says which part it falls into.
        place = min((2 * before + len(codes)) * part.parts // (2 * total), part.parts - 1)
        if place == part.part - 1:
            chosen.update(codes)
        before += len(codes)
    return chosen


def judge_slice(office: Office, part: Slice, as_of: datetime, period: str | None = None) -> SliceResult:
    """Takes what lies in the slice's folders and stages it judged. Nothing is written to the warehouse.

    :param period: the cycle being collected; files for other ones are taken too, and told so
    :raises NotChecked: the check engine failed; the files stay where they are
    """
    units, result = units_of(office, part), SliceResult()
    place = office.home.staging / "landing" / uuid.uuid4().hex
    place.mkdir(parents=True)
    try:
        staged = _staged_entries(office)
        found = taking.settled(office, office.home.inbox, wanted=_wanted(office, units, part))
        result.waiting = [*found.growing, *found.folders, *found.closed]
        fresh = [c for c in found.ready if (c.folder, c.entry) not in staged]
        result.known = len(found.ready) - len(fresh)
        for chunk in _chunks(office, fresh):
            taken = (taking.take(office, c, None, place) for c in chunk)
            arrived = [a for a in taken if a is not None and not _is_passing(a)]
            if arrived:
                _stage(office, arrived, as_of, period, result)
            for path in place.iterdir():
                path.unlink(missing_ok=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return result


def _wanted(office: Office, units: set[str], part: Slice) -> Callable[[str], bool]:
    is_last = part.part == part.parts

    def wanted(folder: str) -> bool:
        owner = office.config.find_unit(folder) if folder else None
        return owner.code in units if owner else is_last

    return wanted


def _staged_entries(office: Office) -> set[tuple[str, str]]:
    """Entries that wait in staging already; judging them again would give the same batch."""
    return {
        (folder, entry)
        for batch in staging.list_ready(office.home.staging)
        for folder, entry in batch.manifest["entries"]
    }


def _chunks(
    office: Office, candidates: Sequence[drop_folder.Candidate]
) -> Iterator[list[drop_folder.Candidate]]:
    """Whole cities together, as many as fit."""
    by_city: dict[str, list[drop_folder.Candidate]] = defaultdict(list)
    for c in candidates:
        owner = office.config.find_unit(c.folder) if c.folder else None
        by_city[(owner.city if owner else None) or office.config.plan.city].append(c)
    chunk: list[drop_folder.Candidate] = []
    for of_city in by_city.values():
        if chunk and len(chunk) + len(of_city) > CHUNK_FILES:
            yield chunk
            chunk = []
        chunk += of_city
        while len(chunk) > 2 * CHUNK_FILES:  # one city with a flood of files
            yield chunk[:CHUNK_FILES]
            chunk = chunk[CHUNK_FILES:]
    if chunk:
        yield chunk


def _is_passing(arrived: Arrived) -> bool:
    """Gone or changed while we looked: the next run sees it as it is then."""
    return isinstance(arrived.copy, Refusal) and arrived.copy.is_passing


def _stage(
    office: Office, arrived: Sequence[Arrived], as_of: datetime, period: str | None, result: SliceResult
) -> None:
    """Judges one chunk as the warehouse stands and stages it."""
    with office.reader() as reader:
        known = facts.known_submissions(reader, {a.submission_id for a in arrived})
        fresh, copies = taking.split(arrived, known)
        sequence = reader.rows("read_next_verdict_sequence")[0]["sequence"]
        landings = {a.sha256: a.copy for a in fresh if isinstance(a.copy, Landing)}
        readings = dict(zip(landings, judging.read(office, list(landings.values())), strict=True))
        judged, findings, rules, rejected, returns = _judge(office, reader, fresh, readings, as_of, period)
        entries = [
            (a.candidate.folder, a.candidate.entry, a.unit, a.sha256, isinstance(a.copy, Refusal))
            for a in arrived
        ]
        manifest = {
            "run_id": uuid.uuid4().hex, "as_of": as_of.isoformat(), "config_hash": office.config.config_hash,
            "sequence": sequence, "units": sorted({j.submission.unit for j in judged}), "submissions": len(judged),
            "entries": [(folder, entry) for folder, entry, *_ in entries],
        }  # fmt: skip
        key = [
            office.config.config_hash,
            *sorted(a.submission_id for a in fresh),
            *sorted(f"{e[0]}/{e[1]}" for e in entries),
        ]
        tables = tables_of(judged, findings, rules, sorted(rejected), taking.arrivals(copies), returns)
        tables["entry"] = (KEPT_ENTRY, entries)
        folder = staging.write_batch(reader.con, office.home.staging, key, tables, manifest)
        checking.release(reader)
    result.files += len(fresh)
    if folder is None:
        result.known += len(fresh)
    else:
        result.batches.append(folder.name)


def _judge(
    office: Office, reader: Reader, fresh: Sequence[Arrived], readings: Mapping[str, Reading], as_of: datetime,
    period: str | None,
) -> tuple[list[Judged], list[Finding], Sequence[Any], set[tuple[str, str, int]], dict[str, str]]:  # fmt: skip
    """Verdicts, findings, how the rules fared, rows that do not count, names of annotated returns by submission."""
    cycles = {row["period"] for row in reader.rows("list_cycles")}
    read = [verdicts.reading_of(a, readings) for a in fresh]
    submissions = [
        verdicts.submission_of(a, r, cycles, as_of, office.say) for a, r in zip(fresh, read, strict=True)
    ]
    claims = [verdicts.claims_of(office, s, r) for s, r in zip(submissions, read, strict=True)]
    judgement = judging.judge(office, reader, claims, read, period)
    if judgement.not_checked:
        raise NotChecked(f"校验引擎出错，{len(fresh)} 份文件未作判断，仍留在投递目录：{judgement.errors[0]}")
    found = judging.by_submission(judgement.findings)
    judged = judging.settle(office, reader, fresh, submissions, claims, read, found)
    rejected = verdicts.rejected_rows(office, reader, judged, judgement)
    returns = {sid: name for sid, (name, _) in returning.annotate(office, judged, found, as_of).items()}
    return judged, judgement.findings, judgement.rules, rejected, returns
