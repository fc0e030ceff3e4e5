-- +goose Up
ALTER TABLE notice_links ADD COLUMN objected boolean NOT NULL DEFAULT false; -- used to say that what it tells of somebody else is wrong, not to freeze
