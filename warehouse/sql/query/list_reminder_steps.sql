-- Steps already dealt with, of every period.
SELECT period, step FROM reminder_step
