-- +goose Up

-- Number segments as an operator knows them; they take precedence over those that the program holds.
CREATE TABLE sms_segments (
    segment  text PRIMARY KEY, -- the first seven digits
    province text NOT NULL,    -- its official name
    city     text NOT NULL     -- '' for a municipality, or where it is not known
);

-- Until when a request for a code may wait for a gateway that takes messages; null when it is not to wait, or no longer.
-- While it waits it has no code: that is made when it is sent. A phone has one such request for each purpose.
ALTER TABLE sms_messages ADD COLUMN stands_until bigint;
CREATE UNIQUE INDEX sms_messages_standing ON sms_messages (phone_index, purpose) WHERE stands_until IS NOT NULL;
