"""The committer: staged batches into the lake, together, each file once; then the drop folder is emptied.

Belongs here: which batches go into one commit, what is done before and after it. Does not: judging (slices), what a
commit writes (the same functions as on one machine), Prefect (deployed).

Every step may be the last: what is loaded is known by its submissions, so a batch met again only has its entries cleared.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

from checks.findings import Finding
from flows import clock, letters
from flows import inbox as drop_folder
from flows.office import Office
from flows.scale.batches import Loaded, merged_rules, objects_of
from flows.steps import taking
from flows.steps.running import recorded
from flows.steps.taking import Arrived
from warehouse import checking, facts, ledger, register
from warehouse.facts import Status
from warehouse.intake.guard import Refusal
from warehouse.intake.reading import HeldReason, Landing
from warehouse.lake import staging
from warehouse.lake.staging import BatchDamaged, StagedBatch
from warehouse.store import Store, query

AT_LEAST = 40  # submissions a commit: one alone costs as much as forty (docs/scaling.md)
AT_MOST = 1000  # bounds the memory of a commit, letters included
PATIENCE_S = 20.0  # after which fewer are loaded too
HOLD_S = 30.0  # then the writer's lock is given to whoever waits


@dataclass
class CommitResult:
    """``stale`` batches were judged against figures that have changed since: their files are judged again."""

    submissions: int = 0
    revisions: int = 0
    copies: int = 0
    known: int = 0
    commits: int = 0
    stale: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    waiting: int = 0  # batches left for more to join them

    @property
    def has_problems(self) -> bool:
        return bool(self.damaged)


def commit_staged(office: Office, as_of: datetime | None = None, *, at_least: int = AT_LEAST) -> CommitResult:
    """Loads what waits in staging until nothing is ready; mails are queued, not sent.

    :param as_of: recording time of a replay; None: the clock
    :param at_least: fewer submissions wait for others, but not longer than :data:`PATIENCE_S`
    :raises CollectionBusy: another committer or collection of this home does not end
    """
    root, result = office.home.staging, CommitResult()
    with taking.alone(office):
        staging.sweep_work(root, time.time())
        while groups := _groups(staging.list_ready(root), at_least, result):
            began = time.monotonic()
            with office.store() as store:
                for group in groups:
                    _commit(office, store, group, as_of, result)
                    if time.monotonic() - began > HOLD_S:
                        break
    return result


def _groups(ready: Sequence[StagedBatch], at_least: int, result: CommitResult) -> list[list[StagedBatch]]:
    """Batches that go into one commit each: oldest first, no unit twice, at least and at most so many submissions."""
    groups: list[list[StagedBatch]] = []
    group: list[StagedBatch] = []
    units: set[str] = set()
    count = 0
    for batch in ready:
        mine = set(batch.manifest["units"])
        if group and (units & mine or count + batch.manifest["submissions"] > AT_MOST):
            groups.append(group)
            group, units, count = [], set(), 0
        group.append(batch)
        units |= mine
        count += batch.manifest["submissions"]
    result.waiting = 0
    if group:
        oldest = min(_age(batch) for batch in group)
        if count >= at_least or groups or oldest > PATIENCE_S or count == 0:
            groups.append(group)
        else:
            result.waiting = len(group)
    return groups


def _age(batch: StagedBatch) -> float:
    try:
        return time.time() - batch.folder.stat().st_mtime
    except OSError:
        return 0.0


def _commit(
    office: Office, store: Store, group: Sequence[StagedBatch], as_of: datetime | None, result: CommitResult
) -> None:
    batches: list[tuple[StagedBatch, Loaded]] = []
    for batch in group:
        try:
            batches.append((batch, objects_of(batch.read())))
        except BatchDamaged as error:
            # The files are still in the drop folder and are judged anew.
            result.damaged.append(str(error))
            staging.discard(office.home.staging, batch)
    batches = [b for b in batches if not _is_stale(office, store, b[0], result)]
    if batches:
        _load(office, store, batches, as_of or clock.now(), result)
    for batch, loaded in batches:
        _clear(office, loaded)
        staging.discard(office.home.staging, batch)
    result.commits += bool(batches)


def _is_stale(office: Office, store: Store, batch: StagedBatch, result: CommitResult) -> bool:
    """Judged before something else of the same units was recorded: thrown away, its files are judged again."""
    params = {"units": batch.manifest["units"], "sequence": batch.manifest["sequence"]}
    if not batch.manifest["units"] or not store.rows("list_units_judged_since", params):
        return False
    ids = [j["submission_id"] for j in batch.read()["submission"]]
    if len(facts.known_submissions(store, ids)) == len(ids):
        return False  # these very files: loaded before a crash, or by another committer
    result.stale.append(batch.folder.name)
    staging.discard(office.home.staging, batch)
    return True


def _load(
    office: Office,
    store: Store,
    batches: Sequence[tuple[StagedBatch, Loaded]],
    as_of: datetime,
    result: CommitResult,
) -> None:
    """One commit: submissions, verdicts, findings, figures and the letters about them, or nothing of it."""
    ids = {j.submission.submission_id for _, b in batches for j in b.judged}
    known = facts.known_submissions(store, ids | {a.submission_id for _, b in batches for a in b.copies})
    judged = [j for _, b in batches for j in b.judged if j.submission.submission_id not in known]
    judged = list({j.submission.submission_id: j for j in judged}.values())
    fresh = {j.submission.submission_id for j in judged}
    copies = [
        a
        for _, b in batches
        for a in b.copies
        if a.submission_id in fresh
        or a.entry not in known.get(a.submission_id, {"entries": [a.entry]})["entries"]
    ]
    result.known += len(ids) - len(judged)
    if not judged and not copies:
        return
    findings = [
        f for _, b in batches for f in b.findings if f.submission_id in fresh or f.submission_id not in ids
    ]
    rejected = {r for _, b in batches for r in b.rejected if r[0] in fresh}
    returns = _returns(office, batches, fresh)
    names = ",".join(sorted(batch.folder.name for batch, _ in batches))
    checking.load(store, [], [])
    files = [str(batch.rows_file) for batch, _ in batches]
    store.con.execute(query("insert_staged_rows"), {"files": files, "ids": sorted(fresh)})
    found: dict[str, list[Finding]] = defaultdict(list)
    for f in findings:
        found[f.submission_id].append(f)
    try:
        with recorded(office, store, "collect", None, staged=names) as run_id, store.transaction():
            register.record_register(store, office.config, as_of)
            rules = merged_rules(r for _, b in batches for r in b.rules)
            result.revisions += facts.record_batch(store, run_id, as_of, judged, findings, rules, rejected)
            facts.record_arrivals(store, as_of, copies)
            mails = chain(
                letters.answers(office, store, judged, found, returns, as_of),
                letters.copies(office, store, copies, as_of),
                letters.differences(office, store, findings, fresh, run_id, as_of),
            )
            ledger.enqueue(store, mails)
    finally:
        checking.release(store)
    result.submissions += len(judged)
    result.copies += len(copies)


def _returns(
    office: Office, batches: Sequence[tuple[StagedBatch, Loaded]], fresh: set[str]
) -> dict[str, tuple[str, bytes]]:
    """The annotated workbooks that the slices wrote to HOME/returned, by submission_id."""
    found = {}
    for _, loaded in batches:
        for j in loaded.judged:
            name = loaded.return_names.get(j.submission.submission_id)
            if name and j.status is Status.RETURNED and j.submission.submission_id in fresh:
                path = office.home.returned(j.submission.period or "未定期") / name
                found[j.submission.submission_id] = (name, path.read_bytes())
    return found


def _clear(office: Office, loaded: Loaded) -> None:
    """Takes the loaded entries out of the drop folder; a newer version under the same name stays."""
    wanted = {(e["folder"], e["entry"]): e for e in loaded.entries}
    folders = {folder for folder, _ in wanted}
    found = drop_folder.scan(
        office.home.inbox, now=time.time(), settle_seconds=0, wanted=lambda folder: folder in folders
    )
    arrived = []
    for candidate in found.ready:
        entry = wanted.get((candidate.folder, candidate.entry))
        if entry is not None:
            unit, sha256 = entry["unit"], entry["sha256"]
            copy = (
                Refusal(HeldReason.NOT_REGULAR, "", unit, "", sha256)
                if entry["is_refused"]
                else Landing(Path(), sha256, unit, "", candidate.size_bytes, 0.0)
            )
            arrived.append(Arrived(candidate, unit, "", copy))
    taking.clear(office, arrived)
