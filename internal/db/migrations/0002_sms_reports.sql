-- +goose Up

-- What a carrier took, by its own name for it, and what it reported. A long message has several parts. A report may come
-- before the carrier's answer to us: the part then waits without its message.
CREATE TABLE sms_parts (
    gateway    text    NOT NULL,
    reference  text    NOT NULL,
    message_id text,
    state      text    NOT NULL, -- sent, delivered, failed
    reason     text    NOT NULL, -- why it failed, '' otherwise
    ask_at     bigint,           -- when to ask the carrier; null where it reports by itself, or nothing is left to ask
    asked      integer NOT NULL,
    created_at bigint  NOT NULL,
    PRIMARY KEY (gateway, reference)
);
CREATE INDEX sms_parts_message ON sms_parts (message_id);
CREATE INDEX sms_parts_ask ON sms_parts (ask_at);
