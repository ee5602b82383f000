"""Delivering: what the ledger holds queued leaves by mail, one attempt a mail and run."""

from __future__ import annotations

from datetime import datetime

from flows import clock
from flows.office import Office
from flows.outbox import DeliveryReport
from flows.outbox import deliver as send_queued


def deliver(office: Office, as_of: datetime | None = None) -> DeliveryReport:
    """Sends what is due. Ledger times follow ``as_of`` when a past moment is replayed, else the clock."""
    moment = as_of
    return send_queued(
        office.store, office.config.settings.mail, office.home.outbox, lambda: moment or clock.now()
    )
