-- How many revisions there are.
SELECT count(*) AS observations FROM observation
