-- Mail events are ordered by an own counter: the injected clock may stand still or jump back.
SELECT coalesce(max(sequence), 0) + 1 AS sequence FROM mail_event
