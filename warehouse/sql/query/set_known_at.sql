-- The instant at which this connection's mart stands.
SET VARIABLE known_at = $as_of::TIMESTAMPTZ
