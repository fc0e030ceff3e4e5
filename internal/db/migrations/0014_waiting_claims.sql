-- +goose Up

-- Open requests of people whom the registry does not have yet, found by the document that they name: an entry with it
-- that comes later ends the request by itself (F-17). What was claimed besides is sealed in the ticket.
CREATE TABLE waiting_claims (
    ticket_id      text    PRIMARY KEY REFERENCES tickets (id),
    document_index bytea   NOT NULL, -- as in documents
    held           boolean NOT NULL  -- the entry has come, and another account holds it
);
CREATE INDEX waiting_claims_document ON waiting_claims (document_index);

-- Requests from before this table join it: only who has the keys can tell their documents.
INSERT INTO jobs (id, kind, payload, attempts, run_at, holder, created_at) VALUES ('waiting-claims', 'support.gather', '', 0, 0, '', 0);
