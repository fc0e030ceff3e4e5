package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/audit"
	"caotang/internal/blob"
	"caotang/internal/consent"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/demo"
	"caotang/internal/desk"
	"caotang/internal/factors"
	"caotang/internal/finder"
	"caotang/internal/guard"
	"caotang/internal/guardians"
	"caotang/internal/jobs"
	"caotang/internal/looks"
	"caotang/internal/moves"
	"caotang/internal/owndata"
	"caotang/internal/recovery"
	"caotang/internal/replacement"
	"caotang/internal/resealing"
	"caotang/internal/retention"
	"caotang/internal/roster"
	"caotang/internal/schoolyear"
	"caotang/internal/server"
	"caotang/internal/slips"
	"caotang/internal/sms"
	"caotang/internal/spaces"
	"caotang/internal/statistics"
	"caotang/internal/support"
	"caotang/internal/tally"
	"caotang/internal/transfers"
	"caotang/internal/vault"
	"caotang/internal/verification"
	"caotang/internal/yearly"
	"caotang/ui"
)

// app is the platform put together: the one place that knows every room.
type app struct {
	db           *db.DB
	vault        *vault.Vault
	log          *slog.Logger
	jobs         *jobs.Runner
	server       *server.Server
	sms          *sms.Service
	gateway      sms.Gateway
	accounts     *accounts.Service
	roster       *roster.Service
	support      *support.Service
	transfers    *transfers.Service
	verification *verification.Service
	factors      *factors.Service
	owndata      *owndata.Service
	looks        *looks.Service
	recovery     *recovery.Service
	resealing    *resealing.Service
	guardians    *guardians.Service
	consent      *consent.Service
	turns        *schoolyear.Service
	moves        *moves.Service
}

// appOptions are what differs between serving in earnest, the demo, a command and a test.
type appOptions struct {
	storage
	limits
	serving
	gateways
	demo     bool
	messages io.Writer // where the console gateway writes; nil for nowhere
	logs     io.Writer
}

func newApp(d *db.DB, v *vault.Vault, o appOptions) (*app, error) {
	a := &app{db: d, vault: v, log: o.logger(o.logs)}
	a.jobs = jobs.New(d, a.log)
	proxies, err := o.trusted()
	if err != nil {
		return nil, err
	}
	pages, _ := ui.Face("web") // nil where the binary was built without it, which the server says
	a.server, err = server.New(server.Options{
		DB: d, Vault: v, Log: a.log, UI: pages, PublicURL: o.PublicURL, TrustedProxies: proxies,
	})
	if err != nil {
		return nil, err
	}
	outbox := sms.NewOutbox(o.messages)
	a.gateway = outbox
	if !o.demo { // synthetic people have real people's numbers
		if a.gateway, err = o.connect(outbox.Console, a.log); err != nil {
			return nil, err
		}
	}
	a.sms = sms.New(sms.Options{
		DB: d, Vault: v, Jobs: a.jobs, Log: a.log, Gateway: a.gateway, Limits: o.codes(), Guard: o.suspicion(), Signature: o.SMSSignature, Rest: o.SMSRest,
	})
	ofAccounts, err := o.accountRules()
	if err != nil {
		return nil, err
	}
	a.accounts = accounts.New(d, v, a.sms, ofAccounts, nil)
	a.factors = factors.New(d, v, a.accounts, factors.Config{PublicURL: o.PublicURL}, nil)
	a.roster = roster.New(d, v, a.jobs, o.importsFolder(), o.files())
	a.verification = verification.New(d, v, a.accounts, a.roster, o.verificationRules())
	rules, err := o.transferRules()
	if err != nil {
		return nil, err
	}
	due := deadlines.In(rules.Calendar)
	a.support = support.New(d, v, a.jobs, a.accounts, a.roster, a.verification, due, nil)
	a.transfers = transfers.New(d, a.accounts, a.roster, a.verification, rules, nil)
	a.recovery = recovery.New(d, v, a.sms, a.accounts, a.roster, a.verification, blob.New(o.copiesFolder(), v), o.PublicURL, due, nil)
	printing := slips.New(d, v, a.accounts, a.roster, a.verification, slips.Printing{Fonts: ui.Fonts(), PublicURL: o.PublicURL}, o.slipRules(), nil)

	a.resealing = resealing.New(d, v, a.jobs, o.sealedFolders()...)
	a.consent = consent.New(d, a.accounts, a.roster, a.verification, printing, consent.Config{PublicURL: ofAccounts.PublicURL})
	a.guardians = guardians.New(d, a.accounts, a.roster, a.verification, printing)

	a.server.SetSessions(a.accounts)
	record := audit.New(d, map[string]string{"entry": "registry_entries", "import": "roster_imports", "ticket": "tickets", "account": "accounts"})
	record.Mount(a.server)
	a.sms.Mount(a.server)
	a.accounts.Mount(a.server)
	a.factors.Mount(a.server)
	a.roster.Mount(a.server)
	a.verification.Mount(a.server)
	printing.Mount(a.server)
	a.guardians.Mount(a.server)
	a.consent.Mount(a.server)
	a.support.Mount(a.server)
	a.transfers.Mount(a.server)
	a.recovery.Mount(a.server)
	requests := desk.New(a.support, a.recovery, a.transfers)
	requests.Mount(a.server)
	finder.New(a.accounts, a.roster, requests).Mount(a.server)
	a.turns = schoolyear.New(d, a.jobs, a.roster, nil)
	a.turns.Mount(a.server)
	a.moves = moves.New(d, a.jobs, moves.Rooms{Accounts: a.accounts, Roster: a.roster, Verification: a.verification, Transfers: a.transfers, Tickets: a.support}, ofAccounts.PublicURL, nil)
	a.moves.Mount(a.server)
	a.looks = looks.New(d, a.roster, nil)
	a.looks.Mount(a.server)
	replacement.New(d, replacement.Rooms{
		Accounts: a.accounts, Roster: a.roster, Support: a.support, Transfers: a.transfers, Recovery: a.recovery,
	}).Mount(a.server)
	a.owndata = owndata.New(d, owndata.Rooms{
		Accounts: a.accounts, Roster: a.roster, Verification: a.verification, Support: a.support, Transfers: a.transfers, Factors: a.factors,
		Recovery: a.recovery, Slips: printing, Consent: a.consent, Guardians: a.guardians,
	})
	a.owndata.Mount(a.server)
	statistics.New(d, a.roster).Mount(a.server)
	spaces.New(d, a.accounts, a.roster, a.verification, a.support, a.transfers, a.recovery, a.guardians, requests, a.looks).Mount(a.server)
	yearly.New(d, v, yearly.Rooms{
		Audit: record, Accounts: a.accounts, Roster: a.roster, Consent: a.consent, Guardians: a.guardians, Desk: requests,
		Retention: []func(context.Context) ([]retention.Rule, error){
			a.recovery.Retention, a.roster.Retention, a.accounts.Retention, a.sms.Retention, a.looks.Retention, a.consent.Retention, a.server.Retention,
		},
	}, nil).Mount(a.server)
	if o.demo {
		demo.Mount(a.server, d, v, outbox.Sent, a.handUp)
	}
	return a, nil
}

// houseEvery is how often what has had its day is removed.
const houseEvery = 10 * time.Minute

// housekeeping removes kept answers, ended sessions, old messages, abandoned uploads.
func (a *app) housekeeping(ctx context.Context) error {
	var failed []error
	for name, chore := range map[string]func(context.Context) error{
		"answers": a.server.ForgetAnswers, "messages": a.sms.Forget, "sessions": a.accounts.Forget, "uploads": a.roster.Sweep,
		"requests":           a.handUp,
		"waiting claims":     a.support.MatchClaims,
		"passkey challenges": a.factors.Forget,
		"looks":              a.looks.Forget,
		"guardians":          a.guardians.Sweep,
		"consent links":      a.consent.Forget,
		"school years":       a.turns.Sweep,
		"moves":              a.moves.Sweep,
	} {
		if err := chore(ctx); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(failed...)
}

// closeEvery is how often accounts that are due are closed: within their wait once more, and never later than the house is kept.
func (l limits) closeEvery() time.Duration { return min(houseEvery, l.ClosingWait) }

// handUp takes requests that are late a level up, and tells those there of all of them by one message.
func (a *app) handUp(ctx context.Context) error {
	return errors.Join(a.support.Sweep(ctx), a.transfers.Sweep(ctx), a.recovery.Sweep(ctx), a.accounts.TellHandedUp(ctx))
}

// foldEvery is how often new changes are added to the totals. Reading is exact without it, but takes longer the more there are.
// sealEvery is how long a record may stand outside the chain. keysEvery is how often the key file is looked at.
const (
	foldEvery = 5 * time.Second
	sealEvery = 5 * time.Second
	keysEvery = 10 * time.Second
)

func (a *app) fold(ctx context.Context) error { return tally.Fold(ctx, a.db) }

func (a *app) seal(ctx context.Context) error { return audit.Seal(ctx, a.db, a.vault) }

// every does something at once and again and again, until the context ends.
func (a *app) every(ctx context.Context, interval time.Duration, what string, do func(context.Context) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("background work", "what", what, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// noteEvery is how often the log, which is kept elsewhere, is told how far the audit record has come.
const noteEvery = 24 * time.Hour

func (a *app) note(ctx context.Context) error {
	head, err := audit.Head(ctx, a.db)
	if err == nil && head.Number > 0 {
		a.log.Info("audit record sealed", "head", linkText(head))
	}
	return err
}

func (s serving) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // validated at start
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func (l limits) codes() sms.Limits {
	provinces := l.SMSProvinces
	if len(provinces) == 1 && provinces[0] == "all" {
		provinces = nil
	}
	return sms.Limits{Daily: l.SMSDailyLimit, Cooldown: l.SMSCooldown, TTL: l.SMSCodeTTL, Guesses: l.SMSMaxGuesses, Provinces: provinces}
}

func (l limits) suspicion() guard.Rules {
	return guard.Rules{Account: l.CaptchaAccount, Phone: l.CaptchaPhone, Address: l.CaptchaAddress}
}

func (o appOptions) accountRules() (accounts.Config, error) {
	config := accounts.DefaultConfig()
	config.Password.Min, config.Password.Max, config.Password.AllowSpecial = o.PasswordMin, o.PasswordMax, o.PasswordSpecial
	config.LoginTries, config.LoginWait = o.LoginTries, o.LoginWait
	config.Guard = o.suspicion()
	config.OneTimeCodeTTL, config.ClosingWait, config.RealnameProof, config.Demo = o.OneTimeCodeTTL, o.ClosingWait, o.RealnameProof, o.demo
	config.SecondFactor = o.secondFactor(o.demo)
	if config.PublicURL = o.PublicURL; o.demo && config.PublicURL == "" {
		config.PublicURL = "http://" + o.Listen
	}
	err := o.configure(&config)
	return config, err
}

// secondFactor gives the levels whose administrators must have a second factor. The demo's accounts stay simple.
func (l limits) secondFactor(demo bool) []access.Level {
	switch {
	case len(l.SecondFactor) > 0 && l.SecondFactor[0] == "none", len(l.SecondFactor) == 0 && demo:
		return nil
	case len(l.SecondFactor) == 0:
		return []access.Level{access.Province, access.City}
	}
	levels := make([]access.Level, len(l.SecondFactor))
	for i, level := range l.SecondFactor {
		levels[i] = access.Level(level)
	}
	return levels
}

func (l limits) verificationRules() verification.Config {
	return verification.Config{
		Proof: verification.Proof(l.RealnameProof), AccountAttempts: l.RealnameTries, AddressAttempts: 20 * l.RealnameTries, Wait: 15 * time.Minute,
		Guard: l.suspicion(),
	}
}

func (l limits) transferRules() (transfers.Config, error) {
	config := transfers.DefaultConfig()
	config.AnswerDays, config.LifeDays = l.TransferAnswer, l.TransferLife
	if l.Holidays == "" {
		return config, nil
	}
	table, err := os.Open(l.Holidays)
	if err != nil {
		return config, fmt.Errorf("--holidays: %w", err)
	}
	defer func() { _ = table.Close() }()
	if config.Calendar, err = config.Calendar.With(table); err != nil {
		return config, fmt.Errorf("--holidays: %s: %w", l.Holidays, err)
	}
	return config, nil
}

func (l limits) slipRules() slips.Config {
	config := slips.DefaultConfig()
	config.TTL, config.Guard = l.SlipTTL, l.suspicion()
	return config
}

func (l limits) files() roster.Limits {
	files := roster.DefaultLimits()
	files.ChangePercent = l.ImportChange
	files.FileBytes, files.Rows = l.ImportMaxBytes, l.ImportMaxRows
	return files
}

// fill gives the database what a first start needs: the divisions, and in demo mode all of the synthetic Sichuan.
func fill(ctx context.Context, d *db.DB, v *vault.Vault, demoMode bool) error {
	if demoMode {
		if err := demo.Seed(ctx, d, v); err != nil {
			return err
		}
	} else if err := demo.Refuse(ctx, d); err != nil {
		return err
	}
	if err := roster.LoadRegions(ctx, d); err != nil {
		return fmt.Errorf("first start: %w", err)
	}
	return nil
}
