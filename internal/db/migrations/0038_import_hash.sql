-- +goose Up

-- The SHA-256 of a file that the operator's command imports, so that it goes on where it was cut off; '' for an upload.
ALTER TABLE roster_imports ADD COLUMN file_hash text NOT NULL DEFAULT '';

-- When rows were last written.
ALTER TABLE roster_imports ADD COLUMN progress_at bigint NOT NULL DEFAULT 0;
