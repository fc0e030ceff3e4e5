package demo

import (
	"context"
	"fmt"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/support"
	"caotang/internal/transfers"
	"caotang/internal/verification"
)

// The demo accounts whose requests wait at the schools of school1 and school2.
const (
	holder   = "teacher2" // lacks a class, and is told that somebody else says that they are them
	claimant = "teacher3" // says so
	mover    = "student2" // asks to go from school2's school to school1's
	newcomer = "student3" // is missing in the registry
)

// Rooms are where the demo's people ask for something.
type Rooms struct {
	Roster       *roster.Service
	Verification *verification.Service
	Support      *support.Service
	Transfers    *transfers.Service
}

// asked is the row of table meta that says when the requests were made, or begun: who stops the first start in the middle of them
// finds fewer, and nobody finds one twice. It is empty before, and missing in a demo of a version that had not these accounts: a
// visitor may have registered their names there.
const asked = "demo_requests"

// Ask has some of the demo's people ask for something, as they would, so that there is something to decide. After [Seed]; it does so once.
func Ask(ctx context.Context, d *db.DB, rooms Rooms) error {
	now := db.Now()
	if first, err := db.Changed(d.Exec(ctx, "UPDATE meta SET value = $1 WHERE name = $2 AND value = ''", now.Format(time.RFC3339), asked)); err != nil || !first {
		return err
	}
	world := World(worldSeed, now.Time)
	school := find(world, showCounty, roster.Junior)
	at, err := rooms.Roster.SchoolByCode(ctx, d, school.Code)
	if err != nil {
		return err
	}
	file := func(in support.Request) func(context.Context) error {
		in.SchoolID = at.ID
		return func(ctx context.Context) error {
			_, err := rooms.Support.Ask(ctx, in)
			return err
		}
	}
	theirs := claimOf(school.Teachers[school.firstTeacher(2)])
	missing := newPeople(worldSeed, 0).pupil(areaLacked, roster.Junior, school.Classes[0].EntryYear, 0)
	for _, each := range []struct {
		username string
		ask      func(context.Context) error
	}{
		{mover, func(ctx context.Context) error {
			_, err := rooms.Transfers.Request(ctx, "", at.ID, "搬家到成都，离学校近")
			return err
		}},
		{newcomer, file(support.Request{Kind: support.MissingEntry, Claim: claimOf(missing), Note: "九月从外省转来，在七年级1班"})},
		{holder, file(support.Request{
			Kind: support.MissingClass, Note: "今年新增的班",
			Class: roster.NewClass{Stage: roster.Junior, EntryYear: school.Classes[0].EntryYear, Number: 4},
		})},
		{claimant, func(ctx context.Context) error { // who asks this has been refused before
			if _, err := rooms.Verification.BindSelf(ctx, theirs, "", verification.Guardian{}); !fault.Is(err, roster.ErrAlreadyBound) {
				return fmt.Errorf("verifying as somebody else's: %w", err)
			}
			return file(support.Request{Kind: support.NotMe, Claim: theirs, Note: "我没有注册过，认证时说已被别人认证"})(ctx)
		}},
	} {
		var id string
		if err := d.QueryRow(ctx, "SELECT account_id FROM logins WHERE login_key = $1", "u:"+each.username).Scan(&id); err != nil {
			return fmt.Errorf("demo requests: %s: %w", each.username, err)
		}
		if err := each.ask(access.WithActor(ctx, access.Actor{AccountID: id, Username: each.username})); err != nil {
			return fmt.Errorf("demo requests: %s: %w", each.username, err)
		}
	}
	return nil
}

// claimOf is what somebody says of themselves, with the second number, which the platform may ask for.
func claimOf(p Person) verification.Claim {
	return verification.Claim{Kind: p.Kind, IDType: p.IDType, IDNumber: p.IDNumber, Name: p.Name, SecondNumber: p.CertificateNumber + p.StudentNumber}
}
