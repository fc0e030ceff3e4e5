-- +goose Up

-- The way of a request: with whom it was filed, and who passed it on to whom. Offices are named as they were called then.
CREATE TABLE ticket_steps (
    ticket_id   text    NOT NULL REFERENCES tickets (id),
    number      integer NOT NULL,
    what        text    NOT NULL, -- filed, handed_on, escalated, merged
    at          bigint  NOT NULL,
    by_office   text    NOT NULL, -- handed_on: the division whose customer service did it, '' where that is not known
    from_office text    NOT NULL, -- '' when it was filed
    to_office   text    NOT NULL,
    words       text    NOT NULL, -- handed_on: what whoever waits reads of why
    PRIMARY KEY (ticket_id, number)
);

-- Both sides of a case as whoever decided it saw them, and who held the entry then: not always the account that was told of the case.
ALTER TABLE tickets ADD COLUMN sides_sealed bytea;
ALTER TABLE tickets ADD COLUMN sides_holder_id text REFERENCES accounts (id);
CREATE INDEX tickets_sides_holder ON tickets (sides_holder_id) WHERE sides_holder_id IS NOT NULL;

-- What is known of the way of older requests stands in the record. The reasons stay there: whoever gave them did not mean them for
-- whoever waits.
WITH passed AS (
    SELECT r.target_id, r.id, r.at, r.action, r.region, r.school_id, coalesce(json_extract(r.details, '$.from'), '') AS from_where, coalesce(json_extract(r.details, '$.to'), '') AS to_where
    FROM audit_records r JOIN tickets t ON t.id = r.target_id
    WHERE r.target = 'ticket' AND (r.action = 'ticket.escalate' OR r.action = 'ticket.hand_on' AND NOT EXISTS ( -- recorded at both schools
        SELECT 1 FROM audit_records o WHERE o.target_id = r.target_id AND o.action = r.action AND o.request_id = r.request_id AND o.id < r.id))
)
INSERT INTO ticket_steps (ticket_id, number, what, at, by_office, from_office, to_office, words)
SELECT p.target_id, 1 + row_number() OVER (PARTITION BY p.target_id ORDER BY p.id), CASE p.action WHEN 'ticket.hand_on' THEN 'handed_on' ELSE 'escalated' END, p.at, '',
    CASE WHEN p.action = 'ticket.hand_on' THEN p.from_where WHEN p.from_where = 'school' THEN coalesce((SELECT s.name FROM schools s WHERE s.id = p.school_id), '')
        ELSE coalesce((SELECT g.name FROM regions g WHERE g.code = CASE p.from_where WHEN 'county' THEN p.region WHEN 'city' THEN substr(p.region, 1, 4) || '00' ELSE substr(p.region, 1, 2) || '0000' END), '') END,
    CASE WHEN p.action = 'ticket.hand_on' THEN p.to_where
        ELSE coalesce((SELECT g.name FROM regions g WHERE g.code = CASE p.to_where WHEN 'county' THEN p.region WHEN 'city' THEN substr(p.region, 1, 4) || '00' ELSE substr(p.region, 1, 2) || '0000' END), '') END,
    ''
FROM passed p;

INSERT INTO ticket_steps (ticket_id, number, what, at, by_office, from_office, to_office, words)
SELECT t.id, 1, 'filed', t.created_at, '', '', coalesce((SELECT x.from_office FROM ticket_steps x WHERE x.ticket_id = t.id AND x.number = 2),
    CASE t.level WHEN 'school' THEN s.name ELSE (SELECT g.name FROM regions g WHERE g.code = CASE t.level WHEN 'county' THEN s.region
        WHEN 'city' THEN substr(s.region, 1, 4) || '00' ELSE (SELECT min(p.code) FROM regions p WHERE p.parent IS NULL) END) END, ''), ''
FROM tickets t LEFT JOIN schools s ON s.id = t.school_id;

-- Since when a school is part of the one that it is part of now: it went along where that into which it had merged merged on.
ALTER TABLE schools ADD COLUMN merged_at bigint;
WITH RECURSIVE went (school_id, to_school_id, at) AS (
    SELECT m.from_school_id, m.to_school_id, m.created_at FROM moves m WHERE m.kind = 'merger'
    UNION ALL
    SELECT w.school_id, m.to_school_id, m.created_at FROM went w JOIN moves m ON m.kind = 'merger' AND m.from_school_id = w.to_school_id
)
UPDATE schools SET merged_at = (SELECT max(w.at) FROM went w WHERE w.school_id = schools.id AND w.to_school_id = schools.merged_into) WHERE merged_into IS NOT NULL;

-- Whose last grant ended with their school: they are told so where they would go on.
CREATE TABLE merged_grants (
    account_id text NOT NULL REFERENCES accounts (id),
    school_id  text NOT NULL REFERENCES schools (id),
    PRIMARY KEY (account_id, school_id)
);
