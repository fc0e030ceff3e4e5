-- +goose Up

-- A look at the full numbers of somebody outside one's own school, which a second person allows or refuses.
CREATE TABLE looks (
    id         text PRIMARY KEY,
    entry_id   text   NOT NULL REFERENCES registry_entries (id) ON DELETE CASCADE,
    region     text   NOT NULL, -- where the entry lay, which decides who may allow it
    school_id  text   NOT NULL,
    asker_id   text   NOT NULL,
    reason     text   NOT NULL,
    state      text   NOT NULL, -- waiting, allowed, refused, taken
    asked_at   bigint NOT NULL,
    until      bigint NOT NULL, -- a waiting one may be decided, an allowed one taken, before
    decider_id text   NOT NULL, -- '' while nobody has decided
    refusal    text   NOT NULL
);
-- One that has not ended per asker and entry.
CREATE UNIQUE INDEX looks_open ON looks (asker_id, entry_id) WHERE state IN ('waiting', 'allowed');
CREATE INDEX looks_asker ON looks (asker_id, id);
CREATE INDEX looks_region ON looks (region, id);
CREATE INDEX looks_school ON looks (school_id, id);
