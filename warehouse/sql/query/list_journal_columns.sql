-- Every column of every table in the file, temporary ones left out.
SELECT table_name, column_name, data_type
FROM duckdb_columns()
WHERE schema_name = 'main' AND NOT internal AND database_name = current_database()
    AND table_name IN (SELECT table_name FROM duckdb_tables() WHERE NOT temporary AND database_name = current_database())
ORDER BY table_name, column_index
