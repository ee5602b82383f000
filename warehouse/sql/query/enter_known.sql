-- Plain names of facts mean what was known at known_at.
SET search_path = 'known,main'
