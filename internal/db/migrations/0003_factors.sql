-- +goose Up

-- Which kinds of second factor an account has, 'authenticator', 'passkey' or both with a space between; '' for none. It stands
-- here as well as below so that signing in and every request know it from the row that they read anyway.
ALTER TABLE accounts ADD COLUMN factors text NOT NULL DEFAULT '';

-- An authenticator app that knows a secret in common with us.
CREATE TABLE authenticators (
    account_id    text PRIMARY KEY REFERENCES accounts (id),
    secret_sealed bytea  NOT NULL,
    last_step     bigint NOT NULL, -- the half minute of the last code that was used: no code works twice
    created_at    bigint NOT NULL
);

CREATE TABLE passkeys (
    id            text PRIMARY KEY,
    account_id    text   NOT NULL REFERENCES accounts (id),
    credential_id bytea  NOT NULL UNIQUE, -- the passkey's own name for itself
    credential    text   NOT NULL,        -- its public key, counter and flags, as JSON
    name          text   NOT NULL,
    created_at    bigint NOT NULL,
    used_at       bigint
);
CREATE INDEX passkeys_account ON passkeys (account_id, id);

-- What a passkey is asked to sign, until it has answered once.
CREATE TABLE passkey_challenges (
    id         text PRIMARY KEY,
    purpose    text   NOT NULL, -- register, prove
    account_id text   NOT NULL,
    session    text   NOT NULL, -- what the answer is judged by, as JSON
    expires_at bigint NOT NULL
);
CREATE INDEX passkey_challenges_expires ON passkey_challenges (expires_at);

CREATE TABLE recovery_codes (
    account_id text   NOT NULL REFERENCES accounts (id),
    code_index bytea  NOT NULL, -- a keyed hash
    created_at bigint NOT NULL,
    used_at    bigint,
    PRIMARY KEY (account_id, code_index)
);
