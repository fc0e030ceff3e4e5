-- +goose Up
-- An import may also change who stands in the registry already, where its administrator chose so.
ALTER TABLE roster_imports ADD COLUMN updates boolean NOT NULL DEFAULT false;  -- classes that differ
ALTER TABLE roster_imports ADD COLUMN renames boolean NOT NULL DEFAULT false;  -- names that differ, too
ALTER TABLE roster_imports ADD COLUMN added     bigint NOT NULL DEFAULT 0;     -- people who were new
ALTER TABLE roster_imports ADD COLUMN completed bigint NOT NULL DEFAULT 0;     -- people who lacked something that the file had
ALTER TABLE roster_imports ADD COLUMN moved     bigint NOT NULL DEFAULT 0;     -- to another class
ALTER TABLE roster_imports ADD COLUMN renamed   bigint NOT NULL DEFAULT 0;
ALTER TABLE roster_imports ADD COLUMN unchanged bigint NOT NULL DEFAULT 0;     -- as the file has them already
