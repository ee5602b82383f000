-- Rows of staged batches ($files, Parquet of incoming_row) that belong to the submissions $ids. By name: a batch may wait here
-- while the office is upgraded, and its writer knew fewer columns.
INSERT INTO incoming_row BY NAME
SELECT * FROM read_parquet($files::VARCHAR[], union_by_name = true) WHERE list_contains($ids::VARCHAR[], submission_id)
