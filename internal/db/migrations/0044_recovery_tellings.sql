-- +goose Up

-- By what the owner of an account was told of a request for it (F-08): "this was not me" to one of these events stops this request, and
-- no other. An event that told of an earlier request within a day stands for a later one too, which has no told_at then.
ALTER TABLE recoveries ADD COLUMN told_at bigint;
ALTER TABLE recoveries ADD COLUMN asked_event text NOT NULL DEFAULT '';
ALTER TABLE recoveries ADD COLUMN warned_event text NOT NULL DEFAULT '';
CREATE INDEX recoveries_told ON recoveries (told_at) WHERE told_at IS NOT NULL;

UPDATE recoveries SET asked_event = coalesce((SELECT min(e.id) FROM security_events e WHERE e.kind = 'recovery_asked' AND e.at >= recoveries.created_at
    AND e.account_id IN (SELECT account_id FROM bindings WHERE entry_id = recoveries.entry_id UNION SELECT account_id FROM guardian_links WHERE entry_id = recoveries.entry_id)), '')
WHERE entry_id IS NOT NULL AND state IN ('open', 'approved');
UPDATE recoveries SET warned_event = coalesce((SELECT min(e.id) FROM security_events e WHERE e.kind = 'recovery_warning' AND e.at >= recoveries.decided_at
    AND e.account_id = recoveries.account_id), '')
WHERE account_id IS NOT NULL AND state IN ('approved', 'expired');
