-- Nightly, under the writer's lock: small files become large ones; what merging and crashes left behind goes after a while.
-- Nothing here shortens the history: every snapshot can still be read.
CALL ducklake_flush_inlined_data('lake');
CALL ducklake_merge_adjacent_files('lake');
CALL ducklake_cleanup_old_files('lake', older_than => now() - INTERVAL 2 DAY);
CALL ducklake_delete_orphaned_files('lake', older_than => now() - INTERVAL 2 DAY);
