-- What happened to mails, in the order given; the next numbers of the counter are taken in the same statement.
-- Mail events are ordered by an own counter: the injected clock may stand still or jump back.
INSERT INTO mail_event (mail_id, sequence, recorded_at, state, attempts, not_before, error)
SELECT unnest($mail_ids::VARCHAR[]),
       (SELECT coalesce(max(sequence), 0) FROM mail_event) + unnest(range(1, len($mail_ids::VARCHAR[]) + 1)),
       unnest($times::TIMESTAMPTZ[]), unnest($states::VARCHAR[]), unnest($attempts::INTEGER[]),
       unnest($not_before::TIMESTAMPTZ[]), unnest($errors::VARCHAR[])
