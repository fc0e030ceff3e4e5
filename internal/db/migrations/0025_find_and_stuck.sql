-- +goose Up

-- People are looked up by their whole name, the newest first.
CREATE INDEX registry_entries_name ON registry_entries (name_key, id);

-- Where people got stuck on the way into their space (F-30): so many times a day, and nothing about whom. Shards keep those
-- who fail at once from waiting for one row.
CREATE TABLE stuck_days (
    day       bigint NOT NULL, -- of China, counted from 1970-01-01
    county    text   NOT NULL, -- division code; the province's where no school is known
    school_id text   NOT NULL, -- '' where none is known
    reason    text   NOT NULL,
    shard     bigint NOT NULL,
    times     bigint NOT NULL,
    PRIMARY KEY (day, county, school_id, reason, shard)
);
