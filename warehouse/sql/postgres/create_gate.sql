-- PostgreSQL, beside the catalog of a lake: the number of its present writer, every submission once, and the trigger
-- that holds each commit to both. It runs inside the catalog's own transaction: refused here is not written there.
CREATE TABLE IF NOT EXISTS jibao_fence (number BIGINT NOT NULL);
INSERT INTO jibao_fence SELECT 0 WHERE NOT EXISTS (SELECT FROM jibao_fence);

CREATE TABLE IF NOT EXISTS submission_gate (submission_id TEXT PRIMARY KEY, run_id TEXT NOT NULL, loaded_at TIMESTAMPTZ NOT NULL DEFAULT now());

CREATE OR REPLACE FUNCTION jibao_admit() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
DECLARE
    note JSON;
    holder BIGINT;
BEGIN
    -- Commits without a note are an administrator's own, such as compaction by other tools.
    IF NEW.commit_extra_info IS NULL OR left(NEW.commit_extra_info, 9) <> '{"fence":' THEN
        RETURN NEW;
    END IF;
    note := NEW.commit_extra_info::JSON;
    -- Held until the commit ends: nobody becomes the writer between this look and the end of the transaction.
    SELECT number INTO holder FROM jibao_fence FOR SHARE;
    IF holder <> (note ->> 'fence')::BIGINT THEN
        RAISE EXCEPTION 'jibao: writer % was replaced by writer %', note ->> 'fence', holder;
    END IF;
    BEGIN
        INSERT INTO submission_gate (submission_id, run_id)
        SELECT s, note ->> 'run_id' FROM json_array_elements_text(note -> 'submissions') s;
    EXCEPTION WHEN unique_violation THEN
        -- Said in other words: DuckLake repeats a commit whose error speaks of a key.
        RAISE EXCEPTION 'jibao: a submission of this commit was loaded before';
    END;
    -- The ids are in the gate; the snapshot keeps the short note.
    NEW.commit_extra_info := json_build_object('fence', holder, 'run_id', note ->> 'run_id',
        'submissions', json_array_length(note -> 'submissions'))::TEXT;
    RETURN NEW;
END $body$;

CREATE OR REPLACE TRIGGER jibao_admit BEFORE INSERT ON ducklake_snapshot_changes FOR EACH ROW EXECUTE FUNCTION jibao_admit();
