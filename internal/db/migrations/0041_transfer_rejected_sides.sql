-- +goose Up

-- For which schools it was rejected, as 'from', 'to' or 'from to': the other has not answered. '' where that is not known: before.
ALTER TABLE transfers ADD COLUMN rejected_sides text NOT NULL DEFAULT '';
