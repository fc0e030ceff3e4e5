-- +goose Up

-- What one administrator did.
CREATE INDEX audit_records_actor ON audit_records (actor_id, id);
