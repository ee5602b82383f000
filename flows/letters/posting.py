"""One office's way of putting a letter into an envelope: sender, recipient, stable Message-ID, frozen bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from config.contacts import Person
from config.language import Language
from flows.mailing.compose import Attachment, InlineImage, compose, message_id
from flows.office import Office
from templates.views import AlertView, OfficeView
from warehouse.ledger import OutgoingMail


@dataclass(frozen=True)
class Post:
    office: Office
    as_of: datetime

    @cached_property
    def view(self) -> OfficeView:
        """Who speaks, for every template."""
        plan, mail = self.office.config.plan, self.office.config.settings.mail
        coordinator = self.office.config.contacts.coordinator
        return OfficeView(
            plan.name,
            plan.city_name,
            mail.sender_name,
            f"{coordinator.name} {coordinator.mail}",
            plan.end_period,
        )

    @cached_property
    def _names(self) -> dict[str, str]:
        return {u.code: u.name for u in self.office.config.units}

    @property
    def say(self) -> Language:
        return self.office.say

    def name_of(self, unit: str) -> str:
        return self._names.get(unit, unit)

    def clerk(self, unit: str) -> Person | None:
        """Who fills in for ``unit``; None when the contacts name nobody."""
        return self.office.config.contacts.clerk(unit)

    def letter(
        self, template: str, kind: str, to: Person, *, step: str, unit: str | None = None, period: str | None = None,
        attachments: Sequence[Attachment] = (), inline: Sequence[InlineImage] = (), formal: bool = False, **context: Any,
    ) -> OutgoingMail:  # fmt: skip
        """A frozen mail. ``step`` tells two letters of one template and period apart; a repeated one is the same.

        :param formal: never sent twice; an uncertain delivery waits for a person
        """
        mail = self.office.config.settings.mail
        key = "|".join((period or "", to.mail, template, step))
        content = self.office.renderer.mail(template, office=self.view, **context)
        identity = message_id(key, mail.domain)
        eml = compose(
            content,
            (mail.sender_name, mail.sender_address),
            (to.name, to.mail),
            identity,
            self.as_of,
            attachments,
            inline,
        )
        return OutgoingMail(
            dedupe_key=key, kind=kind, recipient=to.mail, unit=unit, period=period, subject=content.subject,
            message_id=identity, eml=eml, on_unsure="hold" if formal else "resend", queued_at=self.as_of,
        )  # fmt: skip

    def alert(
        self, title: str, lines: Sequence[str], what_to_do: str, *, step: str, period: str | None = None
    ) -> OutgoingMail:
        """Something the coordinator must act on."""
        view = AlertView(title, self.as_of, tuple(lines), what_to_do, period)
        to = self.office.config.contacts.coordinator
        return self.letter("alert", "alert", to, step=step, period=period, view=view)
