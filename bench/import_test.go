package bench

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/identity"
	"caotang/internal/jobs"
	"caotang/internal/roster"
	"caotang/internal/vault/vaulttest"
)

const rowsPerBatch = 20_000

// schoolCount is how many schools the people of a roster go to: 2,000 each, where there are many.
func schoolCount(rows int) int { return max(500, rows/2000) }

// rowCount is how many rows the rosters of these benchmarks have: CAOTANG_BENCH_ROWS, or a million.
func rowCount(b *testing.B) int {
	text := os.Getenv("CAOTANG_BENCH_ROWS")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("CAOTANG_BENCH_ROWS=%q is no number of rows", text)
	}
	return n
}

// BenchmarkImport measures a whole import (parse, check, encrypt, index, insert) against inserts of rows of the same
// shape into the same tables and nothing else, both in transactions of the same size. Wanted: at least 40,000 rows/s on
// SQLite and 60,000 on PostgreSQL, a ratio of at least 0.6, and less than 300 MB resident.
func BenchmarkImport(b *testing.B) {
	file := filepath.Join(b.TempDir(), "roster.csv")
	rows := rowCount(b)
	writeRoster(b, file, rows)
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.OpenSQLite, "postgres": dbtest.OpenPostgreSQL} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				took, resident := importOnce(b, open(b), file, rows)
				raw := insertOnce(b, open(b), rows)
				b.ReportMetric(float64(rows)/took.wall.Seconds(), "rows/s")
				b.ReportMetric(float64(rows)/raw.wall.Seconds(), "raw-rows/s")
				b.ReportMetric(raw.wall.Seconds()/took.wall.Seconds(), "ratio")
				b.ReportMetric(float64(took.cpu.Microseconds())/float64(rows), "cpu-µs/row")
				b.ReportMetric(float64(raw.cpu.Microseconds())/float64(rows), "raw-cpu-µs/row")
				b.ReportMetric(resident, "MB-resident")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// cost is what a run took: by the clock, and of this process's processors.
type cost struct{ wall, cpu time.Duration }

func measure(b *testing.B, work func()) cost {
	begin, used := time.Now(), cpuTime(b)
	work()
	return cost{time.Since(begin), cpuTime(b) - used}
}

func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func importOnce(b *testing.B, d *db.DB, path string, rows int) (took cost, residentMB float64) {
	addSchools(b, d, schoolCount(rows))
	s := roster.New(d, vaulttest.New(b), jobs.New(d, slog.Default()), b.TempDir(), roster.DefaultLimits())
	f, size := fileOf(b, path)
	var result roster.Result
	var err error
	took = measure(b, func() {
		result, err = s.Import(b.Context(), roster.ImportSource{ReaderAt: f, Size: size, Filename: "roster.csv", Kind: roster.Student},
			func(roster.Progress) { residentMB = max(residentMB, resident(b)) })
	})
	if err != nil {
		b.Fatal(err)
	}
	if result.Accepted != int64(rows) {
		b.Fatalf("%d accepted and %d rejected of %d", result.Accepted, result.Rejected, rows)
	}
	return took, residentMB
}

// fileOf opens a file for as long as the benchmark runs, and tells its size.
func fileOf(b *testing.B, path string) (f *os.File, size int64) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	return f, info.Size()
}

// insertOnce times the inserts alone.
func insertOnce(b *testing.B, d *db.DB, rows int) (took cost) {
	addSchools(b, d, schoolCount(rows))
	columns := []string{
		"id", "kind", "name", "name_key", "id_type", "id_number_sealed", "document_index", "student_number_sealed",
		"certificate_number_sealed", "school_id", "class_id", "created_at", "updated_at",
	}
	now := db.Now()
	for from := 0; from < rows; from += rowsPerBatch {
		n := min(rowsPerBatch, rows-from)
		entries, documents := make([][]any, n), make([][]any, n)
		for i := range n {
			id, index, sealed := db.NewID(), make([]byte, 16), make([]byte, 47)
			_, _ = rand.Read(index)
			school := schoolOf(from+i, rows)
			entries[i] = []any{
				id, roster.Student, "张三丰", "张三丰", string(identity.ResidentID), sealed, index, sealed, nil,
				fmt.Sprintf("school-%d", school), fmt.Sprintf("class-%d-%d", school, i%42), now, now,
			}
			documents[i] = []any{index, id}
		}
		part := measure(b, func() {
			err := d.InTx(b.Context(), func(tx *db.Tx) error {
				if err := tx.Insert(b.Context(), "documents", []string{"document_index", "entry_id"}, documents); err != nil {
					return err
				}
				return tx.Insert(b.Context(), "registry_entries", columns, entries)
			})
			if err != nil {
				b.Fatal(err)
			}
		})
		took.wall += part.wall
		took.cpu += part.cpu
	}
	return took
}

func addSchools(b *testing.B, d *db.DB, count int) {
	schools := make([][]any, count)
	for i := range schools {
		schools[i] = []any{fmt.Sprintf("school-%d", i), schoolCode(i), fmt.Sprintf("第%d中学", i), "510104", db.Now()}
	}
	err := d.InTx(context.Background(), func(tx *db.Tx) error {
		if err := tx.Insert(b.Context(), "regions", []string{"code", "level", "name"}, [][]any{{"510104", "county", "锦江区"}}); err != nil {
			return err
		}
		return tx.Insert(b.Context(), "schools", []string{"id", "code", "name", "region", "created_at"}, schools)
	})
	if err != nil {
		b.Fatal(err)
	}
}

func schoolCode(i int) string { return fmt.Sprintf("3152%06d", i) }

// schoolOf spreads the rows over the schools, one school after another as in a list that a county keeps.
func schoolOf(i, rows int) int { return i * schoolCount(rows) / rows }

// writeRoster writes a roster of so many valid students, none of whom is real: the area code never was.
func writeRoster(b *testing.B, path string, rows int) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprint(w, "姓名,身份证号,学籍号,年级,班级,学校标识码\r\n")
	for i := range rows {
		name, number := pupil(i)
		fmt.Fprintf(w, "%s,%s,G%s,%s年级,%d班,%s\r\n", name, number, number, []string{"七", "八", "九"}[i%3], i%14+1, schoolCode(schoolOf(i, rows)))
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

var surnames, givenNames = []rune("王李张刘陈杨赵黄周吴徐孙"), []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超")

// pupil is the name and the ID number of a roster's ith row.
func pupil(i int) (name, number string) {
	born := time.Date(2011, 9, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i/1000%1000)
	area := "519999"
	if i >= 1_000_000 {
		area = fmt.Sprintf("51%04d", 9000+i/1_000_000)
	}
	digits := area + born.Format("20060102") + fmt.Sprintf("%03d", i%1000)
	name = string([]rune{surnames[i%len(surnames)], givenNames[i/7%len(givenNames)], givenNames[i/3%len(givenNames)]})
	return name, digits + string(identity.CheckCharacter(digits))
}

// resident is the memory of this process in MB.
func resident(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseFloat(strings.Fields(kb)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return n / 1024
		}
	}
	return 0
}
