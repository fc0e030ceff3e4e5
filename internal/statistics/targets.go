package statistics

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/tally"
)

// Target is the percentage of a division's people that should have activated their space.
type Target struct {
	Region  string `json:"region" maxLength:"6" doc:"A division code"`
	Kind    string `json:"kind" enum:"teacher,student"`
	Stage   string `json:"stage,omitempty" enum:"kindergarten,primary,junior,senior,vocational,special" doc:"Absent: of all stages that have no target of their own"`
	Percent int    `json:"percent" minimum:"0" maximum:"100"`
}

type targetKey struct{ region, kind, stage string }

// targets are all that are set: a few for each division at most.
type targets map[targetKey]int

// of answers the target that holds for people of a kind and stage: that of the nearest division of the chain that has one.
func (t targets) of(chain []string, kind, stage string) (percent int, ok bool) {
	for _, region := range chain {
		if percent, ok = t[targetKey{region, kind, stage}]; ok {
			return percent, true
		}
		if percent, ok = t[targetKey{region, kind, ""}]; ok {
			return percent, true
		}
	}
	return 0, false
}

func (s *Service) targets(ctx context.Context) (targets, error) {
	rows, err := s.db.Query(ctx, `SELECT region, kind, stage, percent FROM activation_targets`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := targets{}
	for rows.Next() {
		var key targetKey
		var percent int
		if err := rows.Scan(&key.region, &key.kind, &key.stage, &percent); err != nil {
			return nil, err
		}
		all[key] = percent
	}
	return all, rows.Err()
}

// listTargets answers the targets that are set for a division itself or for one above it, the nearest first.
func (s *Service) listTargets(ctx context.Context, region string) ([]Target, error) {
	of, err := s.find(ctx, region)
	if err != nil {
		return nil, err
	}
	all, err := s.targets(ctx)
	if err != nil {
		return nil, err
	}
	list := []Target{}
	for _, code := range of.chain() {
		for _, kind := range []string{roster.Teacher, roster.Student} {
			for _, stage := range append([]roster.Stage{""}, roster.Stages()...) {
				if percent, ok := all[targetKey{code, kind, string(stage)}]; ok {
					list = append(list, Target{code, kind, string(stage), percent})
				}
			}
		}
	}
	return list, nil
}

// setTarget sets a division's target.
func (s *Service) setTarget(ctx context.Context, t Target) error {
	return s.changeTarget(ctx, t, "target.set", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO activation_targets (region, kind, stage, percent, set_by, set_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (region, kind, stage) DO UPDATE SET percent = excluded.percent, set_by = excluded.set_by, set_at = excluded.set_at`,
			t.Region, t.Kind, t.Stage, t.Percent, access.ActorFrom(ctx).AccountID, db.Now())
		return err
	})
}

// removeTarget takes a division's target away, so that the one above holds again. One that is not there is no error.
func (s *Service) removeTarget(ctx context.Context, t Target) error {
	return s.changeTarget(ctx, t, "target.remove", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM activation_targets WHERE region = $1 AND kind = $2 AND stage = $3`, t.Region, t.Kind, t.Stage)
		return err
	})
}

func (s *Service) changeTarget(ctx context.Context, t Target, action string, change func(tx *db.Tx) error) error {
	of, err := s.find(ctx, t.Region)
	if err != nil {
		return err
	}
	if of.Level == string(tally.School) || t.Region == "" {
		return fault.ErrInvalid.New(fault.Field("region", "not_found"))
	}
	if !access.ActorFrom(ctx).Can(access.TargetsSet, of.place) {
		return fault.ErrForbidden.New()
	}
	if t.Kind == roster.Teacher && t.Stage != "" { // a teacher has no class that would say
		return fault.ErrInvalid.New(fault.Field("stage", "not_allowed"))
	}
	details := map[string]any{"kind": t.Kind, "stage": t.Stage}
	if action == "target.set" {
		details["percent"] = t.Percent
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: action, Target: "region", TargetID: t.Region, Place: of.place, Details: details})
	})
}
