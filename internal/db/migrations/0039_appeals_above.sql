-- +goose Up

-- An appeal goes above whoever decided, and lies beyond their reach.
ALTER TABLE tickets ADD COLUMN answered_level text NOT NULL DEFAULT ''; -- the level whose administrator answered: school, county, city, province
ALTER TABLE tickets ADD COLUMN region text; -- of an appeal: the division that it lies in; else, and before there were others, the school's county
UPDATE tickets SET answered_level = level WHERE state IN ('done', 'declined') AND (answered_by IS NOT NULL OR kind = 'not_me');

-- Of what is handed up, what customer service handed up, and nobody let wait.
ALTER TABLE handed_up ADD COLUMN passed bigint NOT NULL DEFAULT 0;
