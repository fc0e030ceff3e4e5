-- +goose Up

-- A move that takes another back says so, and the other is marked by it.
ALTER TABLE moves ADD COLUMN back_of text REFERENCES moves (id);
CREATE INDEX moves_back_of ON moves (back_of);
