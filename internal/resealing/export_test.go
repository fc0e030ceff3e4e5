package resealing

import (
	"context"

	"caotang/internal/lookup"
)

// Batch seals the next rows of a table anew, and no more: as far as a process came that was cut off.
func (s *Service) Batch(ctx context.Context, name string) error {
	_, current := s.vault.Generations()
	for i := range tables {
		if tables[i].name == name {
			_, err := s.batch(ctx, &tables[i], current)
			return err
		}
	}
	panic("no table " + name)
}

// Run seals all anew.
func (s *Service) Run(ctx context.Context) error { return s.run(ctx) }

// LookUpBatch moves the next rows of a column, and no more.
func (s *Service) LookUpBatch(ctx context.Context, column string) error {
	for _, c := range lookup.Columns {
		if c.String() == column {
			_, err := s.lookUpBatch(ctx, c, s.changing().Number)
			return err
		}
	}
	panic("no column " + column)
}

// RunLookUp moves all.
func (s *Service) RunLookUp(ctx context.Context) error { return s.runLookUp(ctx) }

// Columns are all that are known to hold sealed values, as table.column.
func Columns() (all []string) {
	for _, t := range tables {
		for _, c := range t.columns {
			all = append(all, t.name+"."+c.name)
		}
	}
	return all
}
