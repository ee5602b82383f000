-- Back to the present.
SET search_path = 'main'; RESET VARIABLE known_at;
