-- Notes one entry of the journal files as held by this warehouse.
INSERT INTO journal (sequence, recorded_at, kind, hash) VALUES ($sequence, $recorded_at, $kind, $hash)
