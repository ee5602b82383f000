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


def summary(
    office: Office, view: SummaryView, content_hash: str, as_of: datetime,
    attachments: Sequence[Attachment] = (), inline: Sequence[InlineImage] = (),
) -> list[OutgoingMail]:  # fmt: skip
    """To leaders and the coordinator. The same content is the same letter; changed figures make a new one.

    :param inline: at most one chart; its words and the tables below it say the same without images
    """
    post = Post(office, as_of)
    contacts = office.config.contacts
    people = {p.mail: p for p in (*contacts.leadership, contacts.coordinator)}
    shown = {"chart": f"cid:{inline[0].cid}", "chart_said": spoken(view, office.say)} if inline else {}
    return [
        post.letter(
            "summary", "summary", person, step=content_hash[:16], period=view.period, formal=True, view=view,
            attachments=attachments, inline=inline, attached=[a.name for a in attachments], **shown,
        )
        for person in people.values()
    ]  # fmt: skip
