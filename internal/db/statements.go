package db

import (
	"context"
	"database/sql"
	"sync"
)

// statements are those that SQLite's writer keeps: parsing took a third of what a small transaction takes. pgx keeps its own
// on PostgreSQL. One is kept from its third use on, for many are made for a list of some length and never come again.
type statements struct {
	mu   sync.Mutex
	kept map[string]*sql.Stmt
	used map[string]int
	due  []string // to be prepared before the next transaction: during one the only connection is taken
}

// find gives the kept statement for a query, or nil and remembers that it was used.
func (s *statements) find(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.kept[query]; kept != nil {
		return kept
	}
	n, known := s.used[query]
	if known || len(s.used) < maxStatements {
		s.used[query] = n + 1
		if n == 1 {
			s.due = append(s.due, query)
		}
	}
	return nil
}

// prepare keeps those that are due. One that cannot be prepared will say so where it is used.
func (s *statements) prepare(ctx context.Context, writer *sql.DB) {
	s.mu.Lock()
	due := s.due
	s.due = nil
	s.mu.Unlock()
	for _, query := range due {
		if statement, err := writer.PrepareContext(context.WithoutCancel(ctx), query); err == nil {
			s.mu.Lock()
			s.kept[query] = statement
			s.mu.Unlock()
		}
	}
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, statement := range s.kept {
		_ = statement.Close()
	}
	clear(s.kept)
}
