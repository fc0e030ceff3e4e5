-- +goose Up

-- The keys of the index that came after the first, from when on all is written with them (internal/lookup), and how far moving
-- what was written before has come (internal/resealing).
CREATE TABLE lookup_keys (
    number  integer PRIMARY KEY,
    used_at bigint NOT NULL,
    done_at bigint           -- when all had been moved
);

CREATE TABLE lookup_progress (
    number      integer NOT NULL REFERENCES lookup_keys (number),
    column_name text    NOT NULL, -- table.column
    after_key   text    NOT NULL, -- the primary key of the last row looked at, as JSON; '' once all were
    moved       bigint  NOT NULL, -- rows
    stuck       bigint  NOT NULL, -- rows that cannot be moved: their value stands there already
    PRIMARY KEY (number, column_name)
);
