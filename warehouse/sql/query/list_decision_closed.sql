-- Periods whose last word is that they are closed.
SELECT period FROM decision WHERE kind IN ('close', 'reopen')
GROUP BY period HAVING arg_max(kind, sequence) = 'close'
ORDER BY period
