-- +goose Up

-- What a school prints for somebody who has no phone: one slip of an entry at a time, the newest.
CREATE TABLE activation_slips (
    entry_id   text PRIMARY KEY REFERENCES registry_entries (id) ON DELETE CASCADE,
    code_index bytea  NOT NULL UNIQUE, -- of the code, by the vault's key: the code itself stands on paper alone
    account_id text,                   -- whose password it sets anew; null when it activates
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at    bigint,
    used_by    text,                   -- the account
    ended_at   bigint                  -- by those who may print, before it was used
);

-- The account's school has vouched for its owner: it needs no phone.
ALTER TABLE accounts ADD COLUMN phone_free boolean NOT NULL DEFAULT false;
