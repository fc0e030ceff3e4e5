package sms

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/divisions"
	"caotang/internal/fault"
)

// GatewayState is whether codes can be sent now (F-13).
type GatewayState struct {
	State      string `json:"state" enum:"working,busy"`
	RetryAfter int    `json:"retry_after,omitempty" doc:"Seconds until it is tried again, while it is busy"`
}

// GatewayState tells how it is with the gateway as this process knows it: after a failure it is busy until a message
// passes, or nobody has tried for a while.
func (s *Service) GatewayState() GatewayState {
	if s.doubtFor() > 0 {
		return GatewayState{"busy", seconds(s.busyFor())}
	}
	return GatewayState{State: "working"}
}

// watchHours is how far back [Service.Watch] looks.
const watchHours = 24

// Traffic is how messages fare, without a word about whom they went to.
type Traffic struct {
	Gateway  GatewayState   `json:"gateway"`
	Members  []MemberState  `json:"members" doc:"The gateways in the order in which they are tried"`
	Waiting  int            `json:"waiting" doc:"Requests that stand until a gateway is back"`
	Hours    []HourCount    `json:"hours" doc:"The last 24 hours, the newest first"`
	Failures []FailureCount `json:"failures" doc:"Of the same time, the most frequent first"`
}

// MemberState is one gateway as this process treats it.
type MemberState struct {
	Name       string `json:"name"`
	State      string `json:"state" enum:"working,resting"`
	RetryAfter int    `json:"retry_after,omitempty" doc:"Seconds until it is tried again, while it rests"`
}

// HourCount is what became of the messages of one hour.
type HourCount struct {
	BeginsAt  time.Time `json:"begins_at"`
	Queued    int       `json:"queued"`
	Sent      int       `json:"sent" doc:"Taken by the carrier, and nothing more is known"`
	Delivered int       `json:"delivered"`
	Failed    int       `json:"failed"`
}

// FailureCount is how often messages failed for one reason.
type FailureCount struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Watch tells an administrator of the province how messages fare. Every process tells of the gateways as it finds them.
func (s *Service) Watch(ctx context.Context) (Traffic, error) {
	if !access.ActorFrom(ctx).Can(access.MessagesWatch, access.Place{Region: divisions.Province}) {
		return Traffic{}, fault.ErrForbidden.New()
	}
	traffic := Traffic{Gateway: s.GatewayState(), Failures: []FailureCount{}}
	for _, m := range s.members() {
		state := MemberState{Name: m.Name, State: "working"}
		if m.Rests > 0 {
			state.State, state.RetryAfter = "resting", seconds(m.Rests)
		}
		traffic.Members = append(traffic.Members, state)
	}
	var err error
	if traffic.Waiting, err = s.waiting(ctx); err != nil {
		return Traffic{}, err
	}
	return traffic, s.count(ctx, &traffic)
}

// members lists the gateways; one alone is the service's own.
func (s *Service) members() []Member {
	if several, ok := s.Gateway.(Watched); ok {
		return several.Members()
	}
	return []Member{{Name: "console", Rests: s.busyFor()}}
}

func (s *Service) waiting(ctx context.Context) (n int, err error) {
	err = s.DB.QueryRow(ctx, `SELECT COUNT(*) FROM sms_messages WHERE stands_until IS NOT NULL AND code_hash IS NULL`).Scan(&n)
	return n, err
}

// count fills hours and failures. Ids begin with the time, so that their index finds the last day's messages.
func (s *Service) count(ctx context.Context, traffic *Traffic) error {
	const hour = int64(time.Hour / time.Millisecond)
	latest := s.Now().UnixMilli() / hour
	first := latest - watchHours + 1
	for h := latest; h >= first; h-- {
		traffic.Hours = append(traffic.Hours, HourCount{BeginsAt: time.UnixMilli(h * hour).UTC()})
	}
	since := db.At(time.UnixMilli(first * hour))
	rows, err := s.DB.Query(ctx, `SELECT created_at / 3600000, state, reason, COUNT(*) FROM sms_messages
		WHERE id >= $1 AND created_at >= $2 GROUP BY created_at / 3600000, state, reason`, db.IDAt(since.Add(-standsFor)), since)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	failures := map[Reason]int{}
	for rows.Next() {
		var h int64
		var state State
		var reason string
		var n int
		if err := rows.Scan(&h, &state, &reason, &n); err != nil {
			return err
		}
		at := &traffic.Hours[min(max(latest-h, 0), watchHours-1)]
		switch state {
		case Queued:
			at.Queued += n
		case HandedOver:
			at.Sent += n
		case Delivered:
			at.Delivered += n
		case Failed:
			at.Failed += n
			failures[cmp.Or(reasonIn(reason), ReasonRejected)] += n
		}
	}
	for reason, n := range failures {
		traffic.Failures = append(traffic.Failures, FailureCount{string(reason), n})
	}
	slices.SortFunc(traffic.Failures, func(a, b FailureCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return rows.Err()
}

func newOutcomes() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "caotang_sms_messages_total", Help: "What became of messages, by state and, for failed ones, reason.",
	}, []string{"state", "reason"})
}

func (s *Service) tally(state State, reason Reason) {
	s.outcomes.WithLabelValues(string(state), string(reason)).Inc()
}

var (
	restingMetric = prometheus.NewDesc("caotang_sms_gateway_resting", "1 while a gateway is left alone after failures, as this process finds it.", []string{"gateway"}, nil)
	waitingMetric = prometheus.NewDesc("caotang_sms_waiting", "Requests for a code that stand until a gateway is back.", nil, nil)
)

// Describe and Collect implement prometheus.Collector.
func (s *Service) Describe(out chan<- *prometheus.Desc) {
	s.outcomes.Describe(out)
	out <- restingMetric
	out <- waitingMetric
}

// Collect implements prometheus.Collector.
func (s *Service) Collect(out chan<- prometheus.Metric) {
	s.outcomes.Collect(out)
	for _, m := range s.members() {
		resting := 0.0
		if m.Rests > 0 {
			resting = 1
		}
		out <- prometheus.MustNewConstMetric(restingMetric, prometheus.GaugeValue, resting, m.Name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if n, err := s.waiting(ctx); err == nil {
		out <- prometheus.MustNewConstMetric(waitingMetric, prometheus.GaugeValue, float64(n))
	}
}
