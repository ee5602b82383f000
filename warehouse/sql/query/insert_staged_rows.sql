-- Rows of staged batches ($files, Parquet of incoming_row) that belong to the submissions $ids.
INSERT INTO incoming_row SELECT * FROM read_parquet($files::VARCHAR[]) WHERE list_contains($ids::VARCHAR[], submission_id)
