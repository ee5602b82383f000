"""A summary sent again with other figures says that it is a revised one; an unchanged one is not sent again."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from test_restating import EARLY, Case, at

from flows import steps
from flows.office import open_office
from warehouse import ledger


def sent(case: Case, moment: datetime) -> list[EmailMessage]:
    """What a report signed at ``moment`` sends that was not sent before."""
    with case.office.store() as store:
        before = {m["mail_id"] for m in ledger.list_mails(store)}
    steps.report(case.office, EARLY, moment, send=True)
    with case.office.store() as store:
        new = [m for m in ledger.list_mails(store) if m["kind"] == "summary" and m["mail_id"] not in before]
        bodies = [ledger.show(store, m["mail_id"]).mail["eml"] for m in new]
    return [email.message_from_bytes(b, policy=email.policy.default) for b in bodies]  # type: ignore[misc]


def texts(mail: EmailMessage) -> list[str]:
    bodies = [mail.get_body((kind,)) for kind in ("plain", "html")]
    return [b.get_content() for b in bodies if b is not None]


@pytest.fixture(scope="module")
def issues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[EmailMessage]]]:
    home: Path = tmp_path_factory.mktemp("home")
    case = Case(open_office(home, trigger="test"))
    steps.open_cycle(case.office, EARLY, at(7, 2))
    case.drop(EARLY, 300.0, at(7, 10), "a.xlsx")
    issues = {"first": sent(case, at(7, 20)), "unchanged": sent(case, at(7, 21))}
    case.drop(EARLY, 280.0, at(8, 1), "b.xlsx", "统计口径调整")
    issues |= {"revised": sent(case, at(8, 2)), "unchanged since": sent(case, at(8, 3))}
    case.drop(EARLY, 300.0, at(8, 10), "c.xlsx", "恢复原口径")
    issues |= {"back again": sent(case, at(8, 11)), "unchanged at last": sent(case, at(8, 12))}
    yield issues


def test_a_revised_summary_says_so_in_subject_first_line_and_file_names(
    issues: dict[str, list[EmailMessage]],
) -> None:
    for which, revision in (("first", 0), ("revised", 1), ("back again", 2)):
        assert issues[which], which
        for mail in issues[which]:
            mark, names = f"修订{revision}", [a.get_filename() or "" for a in mail.iter_attachments()]
            assert names
            if not revision:
                assert "修订" not in str(mail["Subject"]) and not any("修订" in n for n in names)
                assert not any("本件为修订" in t for t in texts(mail))
                continue
            assert f"第二季度进展（{mark}）" in str(mail["Subject"])
            assert all(f"（{mark}）" in n for n in names)
            plain, page = texts(mail)
            first = f"本件为{mark}，替代此前寄出的同期通报：与上次寄出的相比，1项指标有变动。"
            assert plain.lstrip().startswith(first) and first in page


def test_unchanged_figures_are_not_sent_again(issues: dict[str, list[EmailMessage]]) -> None:
    assert [k for k in issues if k.startswith("unchanged") and issues[k]] == []
    identities = [m["Message-ID"] for mails in issues.values() for m in mails]
    assert len(identities) == len(set(identities))
