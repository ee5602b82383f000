-- What each unit reported for $period: printed as 上期值 in the next workbook.
SELECT unit, item, arg_max({'value': value, 'state': state}, revision).value AS value, arg_max({'value': value, 'state': state}, revision).state AS state
FROM observation WHERE period = $period GROUP BY unit, item
