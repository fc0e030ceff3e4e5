package sms

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/identity"
	"caotang/internal/jobs"
	"caotang/internal/retention"
	"caotang/internal/vault"
)

// Codes of the contract.
var (
	ErrPhoneInvalid      = fault.Define(fault.Invalid, "phone_invalid")
	ErrRegionUnsupported = fault.Define(fault.Invalid, "phone_region_unsupported")
	ErrCooldown          = fault.Define(fault.TooMany, "sms_cooldown")
	ErrQuotaExceeded     = fault.Define(fault.TooMany, "sms_quota_exceeded")
	ErrGatewayBusy       = fault.Define(fault.Unavailable, "sms_gateway_busy")
	ErrCodeWrong         = fault.Define(fault.Invalid, "sms_code_wrong")
	ErrCodeExpired       = fault.Define(fault.Invalid, "sms_code_expired")
)

// Purpose is what a code may be used for, and for nothing else.
type Purpose string

// The purposes; a notice carries no code.
const (
	Register        Purpose = "register"
	BindPhone       Purpose = "bind_phone"
	ChangePhone     Purpose = "change_phone"
	ResetPassword   Purpose = "reset_password"
	RecoverAccount  Purpose = "recover_account"
	RecoveryContact Purpose = "recovery_contact"
	CloseAccount    Purpose = "close_account"
	notice          Purpose = "notice"
)

// State is how far a message has come.
type State string

// The states. Delivered comes from a carrier's report.
const (
	Queued     State = "queued"
	Delivered  State = "delivered"
	Failed     State = "failed"
	HandedOver State = "sent"
)

// Limits are the rules of F-12 and F-14.
type Limits struct {
	Daily     int           // codes to one phone in a day of Asia/Shanghai
	Cooldown  time.Duration // least time between two codes to one phone
	TTL       time.Duration // how long a code is valid
	Guesses   int           // wrong guesses that end a code
	Provinces []string      // whose numbers receive codes, as 四川 or 四川省; empty = all
}

// DefaultLimits are the requirements'.
func DefaultLimits() Limits {
	return Limits{Daily: 10, Cooldown: time.Minute, TTL: 5 * time.Minute, Guesses: 5, Provinces: []string{"四川"}}
}

// Options are what a service is made from.
type Options struct {
	DB        *db.DB
	Vault     *vault.Vault
	Jobs      *jobs.Runner
	Log       *slog.Logger
	Gateway   Gateway
	Limits    Limits
	Guard     guard.Rules      // what is suspicious; nothing when zero
	Signature string           // before every text, in 【】; 草堂 when empty
	Rest      time.Duration    // how long a gateway that fails is left alone, where it does not say; [DefaultRest] when zero
	Now       func() time.Time // the clock; time.Now when nil
}

// Service sends messages and checks codes. It is safe for concurrent use.
type Service struct {
	Options
	guard     *guard.Guard
	only      map[Purpose]Recipients
	busyUntil atomic.Int64 // when the gateway may be tried again, in milliseconds since 1970; 0 while it works
	outcomes  *prometheus.CounterVec
}

// Recipients tells whether a phone may receive messages of a purpose.
type Recipients func(ctx context.Context, q db.Querier, phone string) (bool, error)

// New makes the service and registers its job.
func New(o Options) *Service {
	if o.Signature == "" {
		o.Signature = "草堂"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rest == 0 {
		o.Rest = DefaultRest
	}
	s := &Service{Options: o, guard: guard.New(o.DB, o.Vault, o.Guard, o.Now), only: map[Purpose]Recipients{}, outcomes: newOutcomes()}
	o.Jobs.Handle(jobKind, senders, s.deliver)
	return s
}

// Restrict makes codes of a purpose reach only the phones that recipients names. Whoever asks for one cannot tell: any
// other phone gets the same answers, and the message goes nowhere (F-11). Call it before the first request.
func (s *Service) Restrict(purpose Purpose, recipients Recipients) { s.only[purpose] = recipients }

// ParsePhone brings a mobile number as people type it into its 11 digits, or answers phone_invalid for the field.
func ParsePhone(field, text string) (string, error) {
	phone, problem := identity.ParseMobile(text)
	if problem != nil {
		return "", ErrPhoneInvalid.New(fault.FieldWith(field, problem.Code, problem.Args))
	}
	return phone, nil
}

// checkProvince refuses a number of a province that is not served. A segment that nothing is known of is allowed.
func (s *Service) checkProvince(ctx context.Context, phone string) error {
	if len(s.Limits.Provinces) == 0 {
		return nil
	}
	at, err := s.Locate(ctx, phone)
	if err != nil || s.Serves(at) {
		return err
	}
	return ErrRegionUnsupported.New(fault.FieldWith("phone", "phone_region", map[string]any{"province": provinces{at.Province}}),
		fault.Arg("province", provinces{at.Province}), fault.Arg("provinces", provinces(s.Limits.Provinces)),
		fault.Detail("province", at.Province), fault.Next("other_phone", ""))
}

// Serves reports whether numbers of the place receive codes: those of an allowed province, and those of which nothing is known.
func (s *Service) Serves(at Location) bool {
	return at.Origin == Unknown || len(s.Limits.Provinces) == 0 ||
		slices.ContainsFunc(s.Limits.Provinces, func(allowed string) bool { return strings.HasPrefix(at.Province, allowed) })
}

func dayOf(t time.Time) string { return t.In(calendar.Shanghai).Format(time.DateOnly) }

// untilTomorrow is how long the day of Asia/Shanghai still lasts.
func untilTomorrow(t time.Time) time.Duration {
	t = t.In(calendar.Shanghai)
	year, month, day := t.Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, calendar.Shanghai).Sub(t)
}

// keepMessages is how long what was sent can be looked up.
const keepMessages = 30 * 24 * time.Hour

// Forget removes messages of more than 30 days ago and the counts of past days. Call it now and then.
func (s *Service) Forget(ctx context.Context) error {
	now := s.Now()
	if _, err := s.DB.Exec(ctx, `DELETE FROM sms_parts WHERE created_at < $1`, db.At(now.Add(-keepMessages))); err != nil {
		return err
	}
	if _, err := s.DB.Exec(ctx, `DELETE FROM sms_messages WHERE created_at < $1`, db.At(now.Add(-keepMessages))); err != nil {
		return err
	}
	// A count of yesterday may still hold back a code by its cooldown, one of the day before may not.
	_, err := s.DB.Exec(ctx, `DELETE FROM sms_quotas WHERE last_sent_at < $1`, db.At(now.AddDate(0, 0, -2)))
	return err
}

// Retention tells for how long messages are kept.
func (s *Service) Retention(ctx context.Context) ([]retention.Rule, error) {
	r, err := retention.Check(ctx, s.DB, "messages", keepMessages, keepMessages, s.Now(), `SELECT count(*) FROM sms_messages WHERE created_at < $1`)
	return []retention.Rule{r}, err
}
