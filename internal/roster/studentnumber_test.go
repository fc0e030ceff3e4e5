package roster_test

import (
	"bytes"
	"fmt"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/fault"
)

// However many are called so, the number tells one of them.
func TestAPupilIsFoundByStudentNumberAmongAllOfTheName(t *testing.T) {
	const namesakes = 2100 // more than are read at once
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		var file bytes.Buffer
		file.WriteString("姓名,证件号码,学籍号\n")
		for i := range namesakes {
			fmt.Fprintf(&file, "张三,%s,L5101042018%08d\n", number(i), i)
		}
		fmt.Fprintf(&file, "李四,%s,L510104201800000007\n", number(namesakes))
		admin := w.Administrator(t, access.School, w.Here.ID)
		if a := imported(t, w, admin, file.Bytes(), ofStudents); counts(a) != fmt.Sprintf("done %d %d 0", namesakes+1, namesakes+1) {
			t.Fatal(a)
		}
		for _, n := range []int{0, 7, 999, 1000, namesakes - 1} {
			id, err := w.Roster.PupilByStudentNumber(t.Context(), d, "张三", fmt.Sprintf("L5101042018%08d", n))
			if err != nil {
				t.Fatalf("the %dth: %v", n, err)
			}
			e, err := w.Roster.EntryByID(t.Context(), d, id)
			if err != nil {
				t.Fatalf("the %dth: %v", n, err)
			}
			if document, err := w.Roster.IDNumber(e); err != nil || document != number(n) {
				t.Errorf("the %dth is %s, %v", n, document, err)
			}
		}
		for name, student := range map[string]string{"张三": fmt.Sprintf("L5101042018%08d", namesakes), "王五": "L510104201800000007"} {
			if id, err := w.Roster.PupilByStudentNumber(t.Context(), d, name, student); !fault.Is(err, fault.ErrNotFound) {
				t.Errorf("%s with %s is %v, %v", name, student, id, err)
			}
		}
	})
}
