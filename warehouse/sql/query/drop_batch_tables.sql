-- The batch is written.
DROP TABLE batch_submission;
DROP TABLE batch_rejected;
