package db

import "time"

// HandOnAlways makes SQLite's writers hand the transaction on for as long as another waits.
func (d *DB) HandOnAlways() { d.turns.handOnFor = time.Hour }

// Waiting is how many of SQLite's writers wait for their turn.
func (d *DB) Waiting() int { return int(d.turns.waiting.Load()) }
