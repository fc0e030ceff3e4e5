-- +goose Up

-- Since when a class has graduated: its people keep account, binding and space, and count no longer among the school's.
ALTER TABLE classes ADD COLUMN graduated_at bigint;

-- The turn of a school year at a school: planned, run, and perhaps taken back.
CREATE TABLE school_years (
    school_id  text    NOT NULL REFERENCES schools (id),
    year       integer NOT NULL, -- in which the school year begins
    state      text    NOT NULL, -- planned, running, done, returning, returned
    plan       text    NOT NULL, -- which classes are left out and which are made, as JSON
    account_id text    NOT NULL, -- who planned it last, or takes it back
    planned_at bigint  NOT NULL,
    mark       text    NOT NULL, -- an id made when it began to run: younger records are of afterwards
    done_at    bigint,
    classes    bigint  NOT NULL, -- that graduate, or have
    pupils     bigint  NOT NULL, -- of those
    made       bigint  NOT NULL, -- new classes
    PRIMARY KEY (school_id, year)
);
CREATE INDEX school_years_state ON school_years (state, year);

-- What a turn did to each class, so that it goes on where it was cut off, and can be taken back.
CREATE TABLE school_year_classes (
    school_id text    NOT NULL,
    year      integer NOT NULL,
    class_id  text    NOT NULL, -- no foreign key: a class that was made may be removed
    what      text    NOT NULL, -- graduated, made
    pupils    bigint  NOT NULL,
    PRIMARY KEY (school_id, year, class_id)
);
