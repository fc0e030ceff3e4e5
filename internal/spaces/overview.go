package spaces

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/deadlines"
	"caotang/internal/roster"
	"caotang/internal/support"
	"caotang/internal/tally"
)

// Overview is how an administrator's scope stands, counted as it is asked for.
type Overview struct {
	Entries       ByKind          `json:"entries"`
	Activated     ByKind          `json:"activated" doc:"Entries that are bound to an account"`
	OpenTickets   int             `json:"open_tickets"`
	OpenTransfers int             `json:"open_transfers" doc:"Changes of school that wait for an answer from this scope"`
	OpenRecovery  int             `json:"open_recoveries" doc:"Requests for lost accounts that wait for the caller"`
	OpenGuardians int             `json:"open_guardians" doc:"Requests to be a child's guardian that wait for the caller"`
	OpenLooks     int             `json:"open_looks" doc:"Requests to see full numbers that wait for the caller's decision"`
	RecentImports []roster.Import `json:"recent_imports" doc:"That the caller began, or into a school of theirs; those above leave a school its own"`

	Requests    []deadlines.Counts `json:"requests" doc:"Open requests of all kinds, by kind"`
	LateSchools []support.Late     `json:"late_schools" doc:"Those with the most late tickets, up to five"`
	Classless   int                `json:"classless" doc:"Pupils without a class"`

	Schools int `json:"schools"`
	Classes int `json:"classes"`

	Merged []roster.School `json:"merged" doc:"Schools that have become part of one that the caller administers by itself, of the last two months"`
}

// ByKind counts people of the registry.
type ByKind struct {
	Teacher int `json:"teacher"`
	Student int `json:"student"`
}

const (
	recentImports = 5
	lateSchools   = 5

	mergedSchools = 5
	mergedFor     = 60 * 24 * time.Hour
)

func (s *Service) overview(ctx context.Context) (*Overview, error) {
	reach := access.ActorFrom(ctx).Reach(access.RegistryRead)
	o := &Overview{}
	var err error
	if o.Schools, err = s.count(ctx, reach, `FROM schools s WHERE s.merged_into IS NULL AND `, "s.id"); err != nil {
		return nil, err
	}
	if o.Merged, err = s.roster.MergedLately(ctx, s.db, reach.Schools(), time.Now().Add(-mergedFor), mergedSchools); err != nil {
		return nil, err
	}
	if o.Classes, err = s.count(ctx, reach, `FROM schools s JOIN classes c ON c.school_id = s.id AND c.graduated_at IS NULL WHERE `, "c.school_id"); err != nil {
		return nil, err
	}
	counts, err := tally.Within(ctx, s.db, reach)
	if err != nil {
		return nil, err
	}
	for _, c := range counts {
		if c.Kind == roster.Teacher {
			o.Entries.Teacher, o.Activated.Teacher = o.Entries.Teacher+int(c.Entries), o.Activated.Teacher+int(c.Activated)
			continue
		}
		o.Entries.Student, o.Activated.Student = o.Entries.Student+int(c.Entries), o.Activated.Student+int(c.Activated)
		if c.Stage == "" {
			o.Classless += int(c.Entries)
		}
	}
	if o.OpenTickets, err = s.support.OpenIn(ctx, access.ActorFrom(ctx).Reach(access.TicketsAnswer)); err != nil {
		return nil, err
	}
	if o.OpenTransfers, err = s.transfers.WaitingIn(ctx, access.ActorFrom(ctx)); err != nil {
		return nil, err
	}
	if o.OpenRecovery, err = s.recovery.OpenFor(ctx); err != nil {
		return nil, err
	}
	if o.OpenGuardians, err = s.guardians.Waiting(ctx); err != nil {
		return nil, err
	}
	if o.OpenLooks, err = s.looks.Waiting(ctx); err != nil {
		return nil, err
	}
	if o.RecentImports, err = s.roster.RecentImports(ctx, recentImports); err != nil {
		return nil, err
	}
	requests, err := s.desk.Counts(ctx)
	if err != nil {
		return nil, err
	}
	o.Requests = append([]deadlines.Counts{}, requests...)
	late, err := s.support.LateSchools(ctx, lateSchools)
	o.LateSchools = append([]support.Late{}, late...)
	return o, err
}

func (s *Service) count(ctx context.Context, reach access.Reach, from, schoolColumn string) (n int, err error) {
	condition, args := reach.SQL("s.region", schoolColumn, 1)
	err = s.db.QueryRow(ctx, `SELECT count(*) `+from+condition, args...).Scan(&n)
	return n, err
}
