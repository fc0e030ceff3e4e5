-- +goose Up

-- A school that has become part of another can be found, and takes nobody.
ALTER TABLE schools ADD COLUMN merged_into text;

-- People whom an administrator over both schools moves together, or a whole school that becomes part of another.
CREATE TABLE moves (
    id             text PRIMARY KEY,
    kind           text   NOT NULL, -- people, merger
    from_school_id text   NOT NULL REFERENCES schools (id),
    to_school_id   text   NOT NULL REFERENCES schools (id),
    class_id       text   NOT NULL, -- where pupils go; '' for no class
    account_id     text   NOT NULL, -- who asked
    state          text   NOT NULL, -- running, done
    people         bigint NOT NULL, -- who were to move
    moved          bigint NOT NULL,
    created_at     bigint NOT NULL,
    done_at        bigint
);
CREATE INDEX moves_from ON moves (from_school_id, state);
CREATE INDEX moves_to ON moves (to_school_id, state);

-- Who has yet to move.
CREATE TABLE move_entries (
    move_id  text NOT NULL REFERENCES moves (id),
    entry_id text NOT NULL, -- no foreign key: somebody may leave the registry meanwhile
    PRIMARY KEY (move_id, entry_id)
);

-- What a teacher teaches a class, as names of subjects divided by spaces; '' where nobody has said.
ALTER TABLE class_teachers ADD COLUMN subjects text NOT NULL DEFAULT '';
