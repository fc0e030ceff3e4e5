package bench

import (
	"bufio"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/jobs"
	"caotang/internal/sms"
	"caotang/internal/vault/vaulttest"
)

// BenchmarkImportAccounts measures taking over the old system's accounts (parse, check, seal, index, insert) against inserts
// of rows of the same shape and nothing else, in transactions of the same size. Nine of ten accounts have a phone, one of a
// hundred shares it. Wanted: at least 40,000 rows/s on SQLite.
func BenchmarkImportAccounts(b *testing.B) {
	file := filepath.Join(b.TempDir(), "accounts.csv")
	rows := rowCount(b)
	writeAccounts(b, file, rows)
	for name, open := range engines {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				took, resident := importAccounts(b, open(b), file, rows)
				raw := insertAccounts(b, open(b), rows)
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

func importAccounts(b *testing.B, d *db.DB, path string, rows int) (took cost, residentMB float64) {
	v := vaulttest.New(b)
	log := slog.New(slog.DiscardHandler)
	texts := sms.New(sms.Options{DB: d, Vault: v, Jobs: jobs.New(d, log), Log: log, Gateway: sms.NewConsole(nil), Limits: sms.DefaultLimits()})
	room := accounts.New(d, v, texts, accounts.DefaultConfig(), nil)
	f, size := fileOf(b, path)
	var sum accounts.Imported
	var err error
	took = measure(b, func() {
		sum, err = room.ImportAccounts(b.Context(), accounts.OldAccounts{ReaderAt: f, Size: size},
			func(accounts.Finding) error { return nil }, func(accounts.Imported) { residentMB = max(residentMB, resident(b)) })
	})
	if err != nil {
		b.Fatal(err)
	}
	if sum.Taken != int64(rows) {
		b.Fatalf("%+v of %d", sum, rows)
	}
	return took, residentMB
}

func insertAccounts(b *testing.B, d *db.DB, rows int) (took cost) {
	const perTransaction, perBatch = 100_000, 5000
	columns := []string{"id", "username", "password_hash", "role", "phone_sealed", "replace_password", "created_at", "updated_at", "imported_at"}
	now, hash := db.Now(), strings.Repeat("h", 130)
	for from := 0; from < rows; from += perTransaction {
		n := min(perTransaction, rows-from)
		people, logins := make([][]any, n), make([][]any, 0, 2*n)
		for i := range n {
			id, index, sealed := db.NewID(), make([]byte, 16), make([]byte, 40)
			_, _ = rand.Read(index)
			username := accountName(from + i)
			people[i] = []any{id, username, hash, "public", sealed, false, now, now, now}
			logins = append(logins, []any{"u:" + username, id})
			if i%10 > 0 {
				logins = append(logins, []any{"p:" + hex.EncodeToString(index), id})
			}
		}
		slices.SortFunc(logins, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
		part := measure(b, func() {
			err := d.InTx(b.Context(), func(tx *db.Tx) error {
				for some := range slices.Chunk(people, perBatch) {
					if err := tx.Insert(b.Context(), "accounts", columns, some); err != nil {
						return err
					}
				}
				return tx.Insert(b.Context(), "logins", []string{"login_key", "account_id"}, logins)
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

// accountName spreads names over the alphabet, as people's are.
func accountName(i int) string { return fmt.Sprintf("%04x%06d", uint32(i)*2654435761>>16, i) }

func writeAccounts(b *testing.B, path string, rows int) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprint(w, "用户名,密码,算法,盐,手机号,注册时间,身份\r\n")
	for i := range rows {
		phone := ""
		switch {
		case i%100 == 1:
			phone = fmt.Sprintf("138%08d", i-1)
		case i%10 > 0 || i%100 == 0:
			phone = fmt.Sprintf("138%08d", i)
		}
		sum := md5.Sum(fmt.Appendf(nil, "%dsalt", i))
		fmt.Fprintf(w, "%s,%x,md5_salt_last,salt%d,%s,2015-09-01 08:00:00,学生\r\n", accountName(i), sum, i%1000, phone)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}
