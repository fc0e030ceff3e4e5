package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkStart measures the program as a process on SQLite with a full registry: seconds from start to ready, and the
// memory it holds when idle. Wanted: less than 0.5 s and at most 60 MB, at a million entries.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	binary := filepath.Join(dir, "caotang")
	command(b, "go", "build", "-o", binary, "caotang/cmd/caotang")
	data := filepath.Join(dir, "data")
	// The demo's schools take the roster's pupils in.
	_, stop := serve(b, binary, data)
	stop()
	roster := filepath.Join(dir, "roster.csv")
	command(b, binary, "demo", "roster", "--all-schools", "--rows", strconv.Itoa(rowCount(b)), "--out", roster)
	command(b, binary, "import-registry", roster, "--data", data)

	for b.Loop() {
		begun := time.Now()
		server, stop := serve(b, binary, data)
		b.ReportMetric(time.Since(begun).Seconds(), "s-to-ready")
		<-time.After(5 * time.Second) // idle
		megabytes, err := residentOf(server.Process.Pid)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(megabytes, "MB-idle")
		stop()
	}
}

// serve starts the program and waits until it is ready; it gives the function that stops it.
func serve(b *testing.B, binary, data string) (server *exec.Cmd, stop func()) {
	b.Helper()
	address := freeAddress(b)
	c := exec.Command(binary, "serve", "--demo", "--listen", address, "--data", data, "--log-level", "error")
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	client := http.Client{Timeout: time.Second}
	deadline := time.Now().Add(time.Minute)
	for range time.Tick(2 * time.Millisecond) {
		response, err := client.Get("http://" + address + "/readyz")
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(deadline) {
			b.Fatal("not ready after a minute")
		}
	}
	return c, func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := c.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

// residentOf is a process's resident memory in MB, as Linux tells it.
func residentOf(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.Atoi(strings.Fields(value)[0])
			return float64(kilobytes) * 1024 / 1e6, err
		}
	}
	return 0, errors.New("no VmRSS")
}

func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func command(b *testing.B, name string, args ...string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
}
