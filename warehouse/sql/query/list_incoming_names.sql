-- Names written in the batch, and those that its plans register
SELECT item_name AS text FROM incoming_row WHERE item_name <> ''
UNION
SELECT name FROM indicator WHERE plan_hash IN (SELECT plan_hash FROM incoming_part)
UNION
SELECT name FROM action WHERE plan_hash IN (SELECT plan_hash FROM incoming_part)
