package roster

import (
	"context"
	"crypto/subtle"

	"caotang/internal/db"
	"caotang/internal/fault"
)

// namesakesAtOnce is how many people of one name a query reads.
const namesakesAtOnce = 1000

// PupilByStudentNumber answers the id of the pupil of a name, by its key, with this student number (F-21); of two with one number, as where
// somebody stands twice, the one who came last. Errors: fault.ErrNotFound.
//
// Student numbers are sealed, and no index holds them: it would cost every row of every import a page of an index of its own. The
// number is looked for among those who are called so instead. The most frequent name of a province is that of some thousands of
// pupils, whose numbers are opened and compared within a tenth of a second.
func (s *Service) PupilByStudentNumber(ctx context.Context, q db.Querier, nameKey, number string) (id string, err error) {
	type namesake struct {
		id     string
		sealed []byte
	}
	for after := ""; ; {
		some, err := db.Collect(ctx, q, `SELECT id, student_number_sealed FROM registry_entries WHERE name_key = $1 AND id > $2 AND kind = 'student' ORDER BY name_key, id LIMIT $3`,
			[]any{nameKey, after, namesakesAtOnce}, func(n *namesake) []any { return []any{&n.id, &n.sealed} })
		if err != nil {
			return "", err
		}
		for _, n := range some {
			theirs, err := s.open(purposeStudent, n.sealed)
			if err != nil {
				return "", err
			}
			if subtle.ConstantTimeCompare([]byte(theirs), []byte(number)) == 1 {
				id = n.id
			}
		}
		if len(some) < namesakesAtOnce {
			break
		}
		after = some[len(some)-1].id
	}
	if id == "" {
		return "", fault.ErrNotFound.New()
	}
	return id, nil
}
