-- +goose Up

-- What guardians of pupils under fourteen have said to something beyond schooling: appended to, never changed but for what stands.
CREATE TABLE consent_records (
    id         text PRIMARY KEY,
    entry_id   text    NOT NULL REFERENCES registry_entries (id), -- goes with it
    purpose    text    NOT NULL,
    version    integer NOT NULL, -- of the text
    text_hash  text    NOT NULL, -- of that text, in all languages
    language   text    NOT NULL, -- in which it was read
    decision   text    NOT NULL, -- given, refused, withdrawn
    channel    text    NOT NULL, -- space, sms, slip
    account_id text    NOT NULL, -- '' by slip
    link_id    text    NOT NULL, -- the guardian's link that it was said under; '' by slip
    who        text    NOT NULL, -- what the guardian is called; '' where that is not known
    relation   text    NOT NULL, -- likewise
    at         bigint  NOT NULL,
    standing   boolean NOT NULL  -- the latest
);
CREATE UNIQUE INDEX consent_records_standing ON consent_records (entry_id, purpose) WHERE standing;
CREATE INDEX consent_records_entry ON consent_records (entry_id, id);

-- Links by SMS with which a guardian answers without signing in: the token's hash alone is kept, and it works once.
CREATE TABLE consent_links (
    token_hash bytea  PRIMARY KEY,
    link_id    text   NOT NULL, -- the guardian's, which may end before
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at    bigint
);
CREATE INDEX consent_links_guardian ON consent_links (link_id, created_at);
