-- +goose Up

-- Pairs of entries that may be one person, as the last search of a school or a county found them. A pair that somebody has said to
-- be two people stays, so that no search shows it again.
CREATE TABLE duplicates (
    id           text   PRIMARY KEY,
    first_id     text   NOT NULL, -- of two entries the smaller id; no foreign key: either may go
    second_id    text   NOT NULL,
    searched     text   NOT NULL, -- the school's id or the county's code of the search that found it
    why          text   NOT NULL, -- birth_date: one name and date of birth; number: numbers that a slip of the hand tells apart
    dismissed_by text   NOT NULL, -- '' while it is open
    found_at     bigint NOT NULL,
    UNIQUE (first_id, second_id)
);
CREATE INDEX duplicates_searched ON duplicates (searched, id);

CREATE TABLE duplicate_searches (
    scope       text   PRIMARY KEY, -- as duplicates.searched
    state       text   NOT NULL,    -- queued, done, failed
    asked_by    text   NOT NULL,
    asked_at    bigint NOT NULL,
    finished_at bigint,
    people      bigint NOT NULL,    -- who were compared
    pairs       bigint NOT NULL,    -- that were found, those beyond what is kept among them
    kept        bigint NOT NULL
);
