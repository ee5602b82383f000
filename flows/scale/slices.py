"""One slice: the files of some cities' units taken, read, judged and put down as staged Parquet. Writes no warehouse.

Belongs here: which units make a slice, the order of the steps. Does not: loading (committing), Prefect (deployed).

It may die anywhere and be sent twice at once: files stay in the drop folder until the committer has loaded them, and
what is staged is named by its content.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from checks.findings import Finding
from checks.run import judge
from flows import inbox as drop_folder
from flows.office import Office
from flows.scale.batches import KEPT_ENTRY, tables_of
from flows.steps import returning, shelving, verdicts
from flows.steps.collecting import NotChecked
from flows.steps.taking import Arrived
from templates.workbook import FIGURES, PROGRESS, TEMPLATE_VERSION
from warehouse import checking, deciding, facts, intake
from warehouse.facts import Arrival, Judged, Status
from warehouse.intake.guard import Refusal, admit, display_name
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
        found = _settled(office, _wanted(office, units, part))
        result.waiting = [*found.growing, *found.folders, *found.closed]
        fresh = [c for c in found.ready if (c.folder, c.entry) not in staged]
        result.known = len(found.ready) - len(fresh)
        for chunk in _chunks(office, fresh):
            arrived = [a for a in (_take(office, c, place) for c in chunk) if not _is_passing(a)]
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


def _settled(office: Office, wanted: Callable[[str], bool]) -> drop_folder.Scan:
    settle = office.config.settings.intake.settle_seconds
    found = drop_folder.scan(office.home.inbox, now=time.time(), settle_seconds=settle, wanted=wanted)
    if found.growing:
        time.sleep(settle)
        found = drop_folder.scan(office.home.inbox, now=time.time(), settle_seconds=settle, wanted=wanted)
    return found


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


def _take(office: Office, candidate: drop_folder.Candidate, landing: Path) -> Arrived:
    owner = office.config.find_unit(candidate.folder) if candidate.folder else None
    unit = owner.code if owner else ""
    name = display_name(candidate.path.rsplit(b"/", 1)[1])
    shown = name if owner else f"{candidate.folder}/{name}".lstrip("/")
    return Arrived(
        candidate, unit, shown, admit(candidate.path, unit, landing, office.config.settings.intake)
    )


def _is_passing(arrived: Arrived) -> bool:
    """Gone or changed while we looked: the next run sees it as it is then."""
    return isinstance(arrived.copy, Refusal) and arrived.copy.is_passing


def _stage(
    office: Office, arrived: Sequence[Arrived], as_of: datetime, period: str | None, result: SliceResult
) -> None:
    """Judges one chunk as the warehouse stands and stages it."""
    with office.reader() as reader:
        known = facts.known_submissions(reader, {a.submission_id for a in arrived})
        new: dict[str, Arrived] = {}
        copies = []
        for a in arrived:
            if a.submission_id not in known and a.submission_id not in new:
                new[a.submission_id] = a
            elif a.submission_id in new or a.candidate.entry not in known[a.submission_id]["entries"]:
                copies.append(a)
        sequence = reader.rows("read_next_verdict_sequence")[0]["sequence"]
        fresh = list(new.values())
        readings = _read(office, fresh)
        judged, findings, rules, rejected, returns = _judge(office, reader, fresh, readings, as_of, period)
        seen = [
            Arrival(a.unit, a.file_name, a.sha256, a.candidate.size_bytes, a.submission_id, True, a.candidate.entry)
            for a in copies
        ]  # fmt: skip
        entries = [
            (a.candidate.folder, a.candidate.entry, a.unit, a.sha256, isinstance(a.copy, Refusal))
            for a in arrived
        ]
        manifest = {
            "run_id": uuid.uuid4().hex, "as_of": as_of.isoformat(), "config_hash": office.config.config_hash,
            "sequence": sequence, "units": sorted({j.submission.unit for j in judged}), "submissions": len(judged),
            "entries": [(folder, entry) for folder, entry, *_ in entries],
        }  # fmt: skip
        key = [office.config.config_hash, *sorted(new), *sorted(f"{e[0]}/{e[1]}" for e in entries)]
        tables = tables_of(judged, findings, rules, sorted(rejected), seen, returns)
        tables["entry"] = (KEPT_ENTRY, entries)
        folder = staging.write_batch(reader.con, office.home.staging, key, tables, manifest)
        checking.release(reader)
    result.files += len(fresh)
    if folder is None:
        result.known += len(fresh)
    else:
        result.batches.append(folder.name)


def _read(office: Office, fresh: Sequence[Arrived]) -> Mapping[str, Reading]:
    landings = {a.copy.sha256: a.copy for a in fresh if isinstance(a.copy, Landing)}
    labels = {i.code: i.unit_label for i in office.config.plan.indicators}
    readings = intake.read_batch(list(landings.values()), labels, office.config.settings.intake)
    return dict(zip(landings, readings, strict=True))


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
    if not fresh:
        checking.load(reader, [], [])  # the empty table of rows
        return [], [], [], set(), {}
    frames = checking.prepare(
        reader,
        claims,
        read,
        period=period or "",
        template_version=TEMPLATE_VERSION,
        sheets=(office.say(FIGURES), office.say(PROGRESS)),
    )
    judgement = judge(*frames, office.config, say=office.say)
    if judgement.not_checked:
        raise NotChecked(f"校验引擎出错,{len(fresh)} 份文件未作判断,仍留在投递目录:{judgement.errors[0]}")
    found = _by_submission(judgement.findings)
    closed = deciding.closed_periods(reader)
    judged = [
        verdicts.held_for_decision(verdicts.verdict_of(s, c, r, found[s.submission_id]), closed)
        for s, c, r in zip(submissions, claims, read, strict=True)
    ]
    for a, j in zip(fresh, judged, strict=True):
        _shelve(office, a, j)
    shelving.make_durable(office.home, [s.sha256 for s in submissions])
    rejected = verdicts.rejected_rows(office, reader, judged, judgement)
    returns = {sid: name for sid, (name, _) in returning.annotate(office, judged, found).items()}
    return judged, judgement.findings, judgement.rules, rejected, returns


def _by_submission(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.submission_id].append(finding)
    return found


def _shelve(office: Office, arrived: Arrived, judged: Judged) -> None:
    """Archive or quarantine, by hash; two runs of one slice put the same bytes under the same name."""
    copy, sha256 = arrived.copy, judged.submission.sha256
    if judged.status is not Status.QUARANTINED:
        assert isinstance(copy, Landing)
        shelving.archive(office.home, copy.path, sha256)
        return
    note = {"unit": arrived.unit, "file_name": arrived.file_name, "reason": judged.reason, "sha256": sha256}
    shelving.quarantine(
        office.home, copy.path if isinstance(copy, Landing) else None, f"{arrived.unit or '_'}-{sha256}", note
    )
