-- How many rows of attain_result are other than those of attain_former, and how many targets there are no more.
SELECT (SELECT count(*) FROM (FROM attain_result EXCEPT ALL FROM attain_former)) AS changed,
       (SELECT count(*) FROM attain_former ANTI JOIN attain_result USING (indicator, unit, scope)) AS gone
