"""Letters: what is said to whom, composed and frozen before it enters the ledger.

Belongs here: filling the views of templates.views from facts, recipients, dedupe keys. Does not:
wording (templates/mail), sending (flows.mailing.outbox).
"""

from flows.letters.answering import answers, copies
from flows.letters.differing import differences
from flows.letters.posting import Post
from flows.letters.reporting import summary
from flows.letters.urging import opening, reminders

__all__ = ["Post", "answers", "copies", "differences", "opening", "reminders", "summary"]
