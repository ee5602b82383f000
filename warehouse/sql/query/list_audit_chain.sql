-- The whole audit log in its order, to prove the chain.
FROM audit ORDER BY sequence
