-- +goose Up
-- Sessions that a new password has ended, and how it came about: told to whoever still holds their token, and to nobody else.
CREATE TABLE ended_sessions (
    token_hash bytea  PRIMARY KEY,
    way        text   NOT NULL,
    ended_at   bigint NOT NULL,
    expires_at bigint NOT NULL -- when the session would have ended by itself
);
CREATE INDEX ended_sessions_expiry ON ended_sessions (expires_at);

-- Whole classes that a move took along, as JSON, called what they were called then; empty for single people and mergers.
ALTER TABLE moves ADD COLUMN classes text NOT NULL DEFAULT '[]';
