package bench

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/jobs"
	"caotang/internal/sms"
	"caotang/internal/sms/cmpp"
	"caotang/internal/sms/simulator"
	"caotang/internal/vault/vaulttest"
)

const (
	codesSent    = 2000
	carrierDelay = 20 * time.Millisecond // a carrier's answer: with a window of 16, 800 a second at the very most
)

// BenchmarkSMS measures verification codes over one CMPP line with a window of 16, to a simulated carrier that takes
// 20 ms to answer and reports each. "gateway" hands messages to the line; "service" asks for codes as people do, so that
// quota, queue, line, report and state are in it, until the last is delivered. Wanted: at least 500 a second.
func BenchmarkSMS(b *testing.B) {
	b.Run("gateway", func(b *testing.B) {
		for b.Loop() {
			client := lineTo(b)
			begun := time.Now()
			inParallel(64, codesSent, func(i int) {
				m := sms.Message{ID: fmt.Sprint(i), Phone: phoneNumber(i), Text: "【草堂】您正在注册，验证码 012345，5 分钟内有效。请勿告诉他人。"}
				if _, err := client.Send(b.Context(), m); err != nil {
					b.Error(err)
				}
			})
			b.ReportMetric(codesSent/time.Since(begun).Seconds(), "codes/s")
		}
	})
	for name, open := range map[string]func(testing.TB) *db.DB{"service-sqlite": dbtest.OpenSQLite, "service-postgres": dbtest.OpenPostgreSQL} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(codesSent/serviceOnce(b, open(b)).Seconds(), "codes/s")
			}
		})
	}
}

// serviceOnce asks for codes to as many phones, and tells how long it took until the last was delivered.
func serviceOnce(b *testing.B, d *db.DB) time.Duration {
	b.Helper()
	client := lineTo(b)
	quiet := slog.New(slog.DiscardHandler)
	runner := jobs.New(d, quiet)
	service := sms.New(sms.Options{DB: d, Vault: vaulttest.New(b), Jobs: runner, Log: quiet, Gateway: client, Limits: sms.Limits{
		Daily: 10, Cooldown: time.Minute, TTL: time.Hour, Guesses: 5,
	}})
	ctx, stop := context.WithCancel(b.Context())
	var work sync.WaitGroup
	defer work.Wait()
	defer stop()
	work.Go(func() { runner.Run(ctx) })
	work.Go(func() { service.Follow(ctx) })

	begun := time.Now()
	inParallel(32, codesSent, func(i int) {
		if _, err := service.SendCode(ctx, phoneNumber(i), sms.Register); err != nil {
			b.Error(err)
		}
	})
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(2 * time.Minute); ; <-look.C {
		var n int
		err := d.QueryRow(ctx, `SELECT count(*) FROM sms_messages WHERE state = $1`, string(sms.Delivered)).Scan(&n)
		if err != nil {
			b.Fatal(err)
		}
		if n == codesSent {
			return time.Since(begun)
		}
		if time.Now().After(deadline) {
			b.Fatalf("%d of %d delivered", n, codesSent)
		}
	}
}

func lineTo(b *testing.B) *cmpp.Client {
	b.Helper()
	carrier, err := simulator.Start(simulator.Config{Account: "901234", Secret: "secret"})
	if err != nil {
		b.Fatal(err)
	}
	carrier.Behave(func(now *simulator.Behaviour) { now.Delay = carrierDelay })
	client := cmpp.New(cmpp.Config{Address: carrier.CMPPAddress(), Account: "901234", Secret: "secret", Version: cmpp.V30, Sender: "1069012345"})
	b.Cleanup(func() { _, _ = client.Close(), carrier.Close() })
	return client
}

func phoneNumber(i int) string { return fmt.Sprintf("138%08d", i) }

// inParallel calls do for 0 to n-1 from so many goroutines.
func inParallel(goroutines, n int, do func(i int)) {
	work := make(chan int)
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for i := range work {
				do(i)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	all.Wait()
}
