package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"caotang/internal/db"
	"caotang/internal/lookup"
	"caotang/internal/vault"
)

// storage says where the data is. Every command that touches data takes it.
type storage struct {
	Data     string `help:"Folder of the SQLite database, the keys and uploads." default:"data" placeholder:"DIR"`
	Database string `help:"postgres://… for PostgreSQL; empty for SQLite in the data folder." placeholder:"DSN"`
	KeyFile  string `help:"File of the encryption keys; empty for caotang.key in the data folder, made at the first start." placeholder:"FILE"`
}

func (s storage) keyPath() string {
	if s.KeyFile != "" {
		return s.KeyFile
	}
	return filepath.Join(s.Data, "caotang.key")
}

func (s storage) databasePath() string { return filepath.Join(s.Data, "caotang.db") }

// openExisting is [storage.open] for a command that is about a platform which is there. Elsewhere it makes none: a check of an empty
// one would find all in order.
func (s storage) openExisting(ctx context.Context) (*db.DB, *vault.Vault, error) {
	needed := []string{s.keyPath()}
	if s.Database == "" {
		needed = append(needed, s.databasePath())
	}
	for _, file := range needed {
		if _, err := os.Stat(file); err != nil {
			return nil, nil, fmt.Errorf("there is no platform here: %w; say where it is with --data, --database and --key-file", err)
		}
	}
	return s.open(ctx)
}

// open opens database and vault and brings the schema up to date.
func (s storage) open(ctx context.Context) (*db.DB, *vault.Vault, error) {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, nil, fmt.Errorf("--data: %w", err)
	}
	v, err := vault.OpenFile(s.keyPath(), s.KeyFile == "")
	if err != nil {
		return nil, nil, fmt.Errorf("--key-file: %w", err)
	}
	dsn := s.Database
	if dsn == "" {
		dsn = s.databasePath()
	} else if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return nil, nil, errors.New("--database: not a postgres:// address")
	}
	d, err := db.Open(ctx, dsn)
	if err != nil {
		return nil, nil, fmt.Errorf("--database: %w", err)
	}
	if err := d.Migrate(ctx); err != nil {
		_ = d.Close()
		return nil, nil, err
	}
	if err := lookup.Check(ctx, d, v); err != nil {
		_ = d.Close()
		return nil, nil, err
	}
	return d, v, nil
}

// limits are the rules that an operator may change. The defaults are the requirements'.
type limits struct {
	sessions
	SMSCodeTTL      time.Duration `name:"sms-code-ttl" help:"How long a verification code is valid (F-14)." default:"5m"`
	SMSCooldown     time.Duration `name:"sms-cooldown" help:"Least time between two codes to one phone (F-14)." default:"60s"`
	SMSDailyLimit   int           `name:"sms-daily-limit" help:"Codes to one phone in a day of Asia/Shanghai (F-14)." default:"10"`
	SMSMaxGuesses   int           `name:"sms-max-guesses" help:"Wrong guesses that end a code (F-14)." default:"5"`
	SMSProvinces    []string      `name:"sms-provinces" help:"Provinces whose numbers receive codes; 'all' for every one (F-12)." default:"四川"`
	RealnameProof   string        `help:"What proves a person: one_number (ID number and name) or two_numbers (certificate or student number too) (F-16)." default:"one_number" placeholder:"POLICY"`
	RealnameTries   int           `help:"Failed verifications of one account before it must wait." default:"5"`
	PasswordMin     int           `help:"Least length of a password (F-04)." default:"8"`
	PasswordMax     int           `help:"Greatest length of a password (F-04)." default:"15"`
	PasswordSpecial bool          `help:"Allow special characters in passwords (F-04)."`
	LoginTries      int           `help:"Failed sign-ins of one account from one address before it must wait (F-10)." default:"5"`
	LoginWait       time.Duration `help:"Longest wait for a turn to check a password before the answer is 503." default:"5s"`
	CaptchaAccount  int           `help:"Failed sign-ins to one account within an hour from which on the browser must do a calculation; 0 for never." default:"10"`
	CaptchaPhone    int           `help:"The same for wrong codes of one phone." default:"10"`
	CaptchaAddress  int           `help:"The same for failures, registrations, or phones that codes are sent to, of one address; four times as many for its network. Twenty times as many must wait." default:"30"`
	OneTimeCodeTTL  time.Duration `help:"How long an administrator's one-time code is valid (F-28)." default:"24h"`
	TransferAnswer  int           `name:"transfer-answer-days" help:"Working days for a school to answer a change of school, before the county is called in (F-23)." default:"5"`
	TransferLife    int           `name:"transfer-life-days" help:"Working days until an unanswered change of school expires." default:"30"`
	Holidays        string        `help:"CSV table (date,works) of public holidays and worked weekends, beyond those built in." placeholder:"FILE"`
	SecondFactor    []string      `help:"Levels whose administrators must have a second factor: province, city, county, school; or none. By default province and city, and none in demo mode." placeholder:"LEVEL"`
	SlipTTL         time.Duration `name:"slip-ttl" help:"How long a printed activation slip is valid." default:"720h"`
	ClosingWait     time.Duration `help:"How long an account may still be kept after its owner asked to close it." default:"360h"`
	ImportMaxBytes  int64         `help:"Greatest size of a roster file in bytes." default:"268435456"`
	ImportMaxRows   int           `help:"Most rows in a roster file." default:"2000000"`
	ImportChange    int           `name:"import-change-threshold" help:"Percentage of a school's teachers or pupils whose class or name one import may change without a further confirmation." default:"30" placeholder:"PERCENT"`
}

// validate names every bad value.
func (l limits) validate() error {
	var bad []error
	check := func(ok bool, flag, rule string) {
		if !ok {
			bad = append(bad, fmt.Errorf("--%s: %s", flag, rule))
		}
	}
	check(l.SMSCodeTTL >= time.Second && l.SMSCodeTTL <= time.Hour, "sms-code-ttl", "must be from 1s to 1h")
	check(l.SMSCooldown >= 0 && l.SMSCooldown <= time.Hour, "sms-cooldown", "must be from 0s to 1h")
	check(l.SMSDailyLimit >= 1 && l.SMSDailyLimit <= 1000, "sms-daily-limit", "must be from 1 to 1000")
	check(l.SMSMaxGuesses >= 1 && l.SMSMaxGuesses <= 20, "sms-max-guesses", "must be from 1 to 20")
	for _, province := range l.SMSProvinces {
		check(strings.TrimSpace(province) != "", "sms-provinces", "holds an empty name")
	}
	check(l.RealnameProof == "one_number" || l.RealnameProof == "two_numbers", "realname-proof", "must be one_number or two_numbers")
	check(l.RealnameTries >= 1 && l.RealnameTries <= 1000, "realname-tries", "must be from 1 to 1000")
	check(l.PasswordMin >= 6 && l.PasswordMin <= 64, "password-min", "must be from 6 to 64")
	check(l.PasswordMax >= l.PasswordMin && l.PasswordMax <= 128, "password-max", "must be from --password-min to 128")
	check(l.LoginTries >= 1 && l.LoginTries <= 1000, "login-tries", "must be from 1 to 1000")
	check(l.LoginWait >= 100*time.Millisecond && l.LoginWait <= time.Minute, "login-wait", "must be from 100ms to 1m")
	check(l.CaptchaAccount >= 0 && l.CaptchaAccount <= 1_000_000, "captcha-account", "must be from 0 to 1000000")
	check(l.CaptchaPhone >= 0 && l.CaptchaPhone <= 1_000_000, "captcha-phone", "must be from 0 to 1000000")
	check(l.CaptchaAddress >= 0 && l.CaptchaAddress <= 1_000_000, "captcha-address", "must be from 0 to 1000000")
	bad = append(bad, l.sessions.validate())
	check(l.OneTimeCodeTTL >= time.Minute && l.OneTimeCodeTTL <= 30*24*time.Hour, "one-time-code-ttl", "must be from 1m to 720h")
	check(l.TransferAnswer >= 1 && l.TransferAnswer <= 60, "transfer-answer-days", "must be from 1 to 60")
	check(l.TransferLife >= l.TransferAnswer && l.TransferLife <= 250, "transfer-life-days", "must be from --transfer-answer-days to 250")
	for _, level := range l.SecondFactor {
		known := slices.Contains([]string{"province", "city", "county", "school"}, level) || level == "none" && len(l.SecondFactor) == 1
		check(known, "second-factor", "must be none, or some of province, city, county and school")
	}
	check(l.SlipTTL >= time.Hour && l.SlipTTL <= 366*24*time.Hour, "slip-ttl", "must be from 1h to 8784h")
	check(l.ClosingWait >= time.Second && l.ClosingWait <= 180*24*time.Hour, "closing-wait", "must be from 1s to 4320h")
	check(l.ImportMaxBytes >= 1<<10 && l.ImportMaxBytes <= 4<<30, "import-max-bytes", "must be from 1 KiB to 4 GiB")
	check(l.ImportMaxRows >= 1, "import-max-rows", "must be at least 1")
	check(l.ImportChange >= 0 && l.ImportChange <= 100, "import-change-threshold", "must be from 0 to 100")
	return errors.Join(bad...)
}

// serving says how serve meets the network.
type serving struct {
	Listen       string   `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	PublicURL    string   `help:"Where people reach the platform, such as https://edu.example.cn/." placeholder:"URL"`
	TrustProxies []string `help:"Address ranges of the reverse proxies in front, whose X-Forwarded headers count." placeholder:"CIDR"`
	LogFormat    string   `help:"text or json." default:"text" placeholder:"FORMAT"`
	LogLevel     string   `help:"debug, info, warn or error." default:"info" placeholder:"LEVEL"`
}

func (s serving) validate() error {
	var bad []error
	if s.PublicURL != "" {
		if u, err := url.Parse(s.PublicURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			bad = append(bad, errors.New("--public-url: must begin with http:// or https:// and a host"))
		}
	}
	if _, err := s.trusted(); err != nil {
		bad = append(bad, err)
	}
	if s.LogFormat != "text" && s.LogFormat != "json" {
		bad = append(bad, errors.New("--log-format: must be text or json"))
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		bad = append(bad, errors.New("--log-level: must be debug, info, warn or error"))
	}
	return errors.Join(bad...)
}

func (s serving) trusted() ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range s.TrustProxies {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("--trust-proxies: %q is no address range such as 10.0.0.0/8", text)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}
