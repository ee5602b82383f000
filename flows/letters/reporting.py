"""The summary (通报) by mail: formal, so never twice."""

from __future__ import annotations

from datetime import datetime

from flows.letters.posting import Post
from flows.office import Office
from templates.views import SummaryView
from warehouse.ledger import OutgoingMail


def summary(office: Office, view: SummaryView, content_hash: str, as_of: datetime) -> list[OutgoingMail]:
    """To leaders and the coordinator. The same content is the same letter; changed figures make a new one."""
    post = Post(office, as_of)
    contacts = office.config.contacts
    people = {p.mail: p for p in (*contacts.leadership, contacts.coordinator)}
    return [
        post.letter(
            "summary", "summary", person, step=content_hash[:16], period=view.period, formal=True, view=view
        )
        for person in people.values()
    ]
