-- +goose Up

-- How far sealing anew under a newer key has come (internal/resealing).
CREATE TABLE resealings (
    generation integer PRIMARY KEY, -- the key's number
    begun_at   bigint NOT NULL,
    done_at    bigint
);

CREATE TABLE resealing_progress (
    generation integer NOT NULL REFERENCES resealings (generation),
    table_name text    NOT NULL,
    after_key  text    NOT NULL, -- the primary key of the last row looked at, as JSON; '' once all were
    resealed   bigint  NOT NULL, -- rows
    PRIMARY KEY (generation, table_name)
);
