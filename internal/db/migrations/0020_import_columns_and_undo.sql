-- +goose Up

-- Which column is which in files whose headings nobody knew until somebody said so: the next file with the same headings is
-- read alike.
CREATE TABLE roster_headings (
    scope       text   NOT NULL, -- a school's id, or division codes as in roster_imports
    kind        text   NOT NULL,
    fingerprint bytea  NOT NULL, -- of the row of headings
    fields      text   NOT NULL, -- what each column holds, as a JSON list; '' for one that is not used
    chosen_at   bigint NOT NULL,
    PRIMARY KEY (scope, kind, fingerprint)
);
ALTER TABLE roster_imports ADD COLUMN columns    text;                           -- as they were chosen, as JSON; null where the headings tell
ALTER TABLE roster_imports ADD COLUMN all_sheets boolean NOT NULL DEFAULT false; -- with the sheets that have the same headings

-- What an import did, in pieces, each written in the transaction that did it: for a day it can be undone.
CREATE TABLE roster_traces (
    import_id text   NOT NULL REFERENCES roster_imports (id),
    id        text   NOT NULL, -- pieces are in its order
    school_id text   NOT NULL,
    at        bigint NOT NULL,  -- what updated_at of these entries is as long as nobody has changed them since
    added     text   NOT NULL,  -- ids of new entries, one after another; once undone, none
    sealed    bytea  NOT NULL,  -- what others were before, as JSON; once undone, what stays and why
    undone    boolean NOT NULL,
    PRIMARY KEY (import_id, id)
);
ALTER TABLE roster_imports ADD COLUMN undo      text   NOT NULL DEFAULT ''; -- queued, running, done, failed; '' unless it was asked for
ALTER TABLE roster_imports ADD COLUMN undone_by text   NOT NULL DEFAULT '';
ALTER TABLE roster_imports ADD COLUMN undone_at bigint;                     -- when it was asked for
ALTER TABLE roster_imports ADD COLUMN removed   bigint NOT NULL DEFAULT 0;  -- entries that the undo took away
ALTER TABLE roster_imports ADD COLUMN restored  bigint NOT NULL DEFAULT 0;  -- that are again as they were
ALTER TABLE roster_imports ADD COLUMN kept      bigint NOT NULL DEFAULT 0;  -- that have become something else since
