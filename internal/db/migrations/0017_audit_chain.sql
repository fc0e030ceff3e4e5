-- +goose Up

-- The audit records are sealed in blocks, each by a hash over its records and the block before it.
ALTER TABLE audit_records ADD COLUMN block bigint; -- null until it is sealed
CREATE INDEX audit_records_block ON audit_records (block, id);

CREATE TABLE audit_blocks (
    number    bigint PRIMARY KEY, -- from 1, without a gap
    records   bigint NOT NULL,
    hash      bytea  NOT NULL,
    sealed_at bigint NOT NULL
);
