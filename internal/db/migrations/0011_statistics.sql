-- +goose Up

-- How the registry and its activation grow and shrink (F-30). Each change of them appends a row here in its own transaction;
-- nobody waits for anybody. The fold adds the rows to the totals below and takes them away, in one transaction.
CREATE TABLE tally_changes (
    id        text PRIMARY KEY,
    county    text   NOT NULL, -- division code
    school_id text   NOT NULL,
    class_id  text   NOT NULL, -- '' for people without a class
    kind      text   NOT NULL, -- teacher, student: the entry's
    stage     text   NOT NULL, -- of the class; '' without one
    day       bigint NOT NULL, -- of China, counted from 1970-01-01
    entries   bigint NOT NULL, -- so many more
    activated bigint NOT NULL  -- so many more are bound to an account
);

-- What the folded changes come to. A scope is a class, a school, or a division by its code.
CREATE TABLE tally_totals (
    scope     text   NOT NULL,
    kind      text   NOT NULL,
    stage     text   NOT NULL,
    entries   bigint NOT NULL,
    activated bigint NOT NULL,
    PRIMARY KEY (scope, kind, stage)
);

-- The same by day, for schools and divisions.
CREATE TABLE tally_days (
    scope     text   NOT NULL,
    kind      text   NOT NULL,
    day       bigint NOT NULL,
    entries   bigint NOT NULL,
    activated bigint NOT NULL,
    PRIMARY KEY (scope, kind, day)
);

-- What stands in the registry already, by the days on which it came.
INSERT INTO tally_changes (id, county, school_id, class_id, kind, stage, day, entries, activated)
SELECT e.school_id || '/' || coalesce(e.class_id, '') || '/' || e.kind || '/' || ((e.created_at + 28800000) / 86400000), s.region, e.school_id,
    coalesce(e.class_id, ''), e.kind, coalesce(c.stage, ''), (e.created_at + 28800000) / 86400000, count(*), 0
FROM registry_entries e JOIN schools s ON s.id = e.school_id LEFT JOIN classes c ON c.id = e.class_id
GROUP BY s.region, e.school_id, coalesce(e.class_id, ''), e.kind, coalesce(c.stage, ''), (e.created_at + 28800000) / 86400000;
INSERT INTO tally_changes (id, county, school_id, class_id, kind, stage, day, entries, activated)
SELECT e.school_id || '/' || coalesce(e.class_id, '') || '/' || e.kind || '/' || ((b.bound_at + 28800000) / 86400000) || '/bound', s.region, e.school_id,
    coalesce(e.class_id, ''), e.kind, coalesce(c.stage, ''), (b.bound_at + 28800000) / 86400000, 0, count(*)
FROM bindings b JOIN registry_entries e ON e.id = b.entry_id JOIN schools s ON s.id = e.school_id LEFT JOIN classes c ON c.id = e.class_id
GROUP BY s.region, e.school_id, coalesce(e.class_id, ''), e.kind, coalesce(c.stage, ''), (b.bound_at + 28800000) / 86400000;

-- What share of the people of a division should have activated their space. The nearest division that has a target for a kind
-- and stage decides; within one, the target of the stage goes before that of all stages.
CREATE TABLE activation_targets (
    region  text   NOT NULL,
    kind    text   NOT NULL, -- teacher, student
    stage   text   NOT NULL, -- '' for all
    percent bigint NOT NULL, -- 0 to 100
    set_by  text   NOT NULL, -- account id
    set_at  bigint NOT NULL,
    PRIMARY KEY (region, kind, stage)
);
