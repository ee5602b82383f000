"""The summary (通报) by mail: formal, so never twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flows.letters.posting import Post
from flows.mailing.compose import Attachment, InlineImage
from flows.office import Office
from templates.figures import spoken
from templates.views import SummaryView
from warehouse.ledger import OutgoingMail
from warehouse.restating import Edition


def summary(
    office: Office, view: SummaryView, content_hash: str, edition: Edition, as_of: datetime,
    attachments: Sequence[Attachment] = (), inline: Sequence[InlineImage] = (),
) -> list[OutgoingMail]:  # fmt: skip
    """To leaders and the coordinator. The same content is the same letter; changed figures make a new one.

    :param edition: a revised one says so; figures that went back to those of an earlier issue are sent once more
    :param inline: at most one chart; its words and the tables below it say the same without images
    """
    post = Post(office, as_of)
    contacts = office.config.contacts
    people = {p.mail: p for p in (*contacts.leadership, contacts.coordinator)}
    shown = {"chart": f"cid:{inline[0].cid}", "chart_said": spoken(view, office.say)} if inline else {}
    step = content_hash[:16] + (f"/{edition.times_before}" if edition.times_before else "")
    return [
        post.letter(
            "summary", "summary", person, step=step, period=view.period, formal=True, view=view,
            attachments=attachments, inline=inline, attached=[a.name for a in attachments], edition=edition, **shown,
        )
        for person in people.values()
    ]  # fmt: skip
