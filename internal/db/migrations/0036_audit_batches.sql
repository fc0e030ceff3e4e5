-- +goose Up

-- What work in the background did because of one record bears the id that the record's details name as batch: a merger of schools is
-- one line, and what became of each person is under it. Sealed with the record (internal/audit).
ALTER TABLE audit_records ADD COLUMN batch text NOT NULL DEFAULT '';
CREATE INDEX audit_records_batch ON audit_records (batch, id) WHERE batch <> '';
