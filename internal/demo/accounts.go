package demo

import (
	"context"
	"crypto/md5" //nolint:gosec // see oldHash
	"encoding/hex"
	"strings"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/consent"
	"caotang/internal/db"
	"caotang/internal/divisions"
	"caotang/internal/messages"
	"caotang/internal/roster"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Password opens every demo account. It satisfies the default password rule.
const Password = "Caotang2026"

// administrator is the role that the list of demo accounts shows for accounts with a grant.
const administrator = "administrator"

// account is a demo account. Its phone lies in a segment of Sichuan.
type account struct {
	username, role, phone string
	level                 access.Level // of its grant; "" when it has none
	county                string       // of the school it belongs to, where it belongs to one
	stage                 roster.Stage // of that school
	scope                 string       // of its grant, at the levels above the school
	person                int          // whom of that school it is verified as, from 1: a teacher with classes, a pupil of its first class; a parent is that pupil's guardian
	old                   bool         // came over from the old system, which had its phone on two accounts: it has none (F-06)
}

var demoAccounts = []account{
	{username: "sichuan1", role: "teacher", phone: "13880000001", level: access.Province, scope: divisions.Province},
	{username: "chengdu1", role: "teacher", phone: "13880000002", level: access.City, scope: "510100"},
	{username: "jinjiang1", role: "teacher", phone: "13880000003", level: access.County, scope: showCounty},
	{username: "school1", role: "teacher", phone: "13880000004", level: access.School, county: showCounty, stage: roster.Junior},
	{username: "school2", role: "teacher", phone: "13880000005", level: access.School, county: otherCounty, stage: roster.Junior},
	{username: "service1", role: "public", phone: "13880000010", level: access.Service, scope: divisions.Province},
	{username: "teacher1", role: "teacher", phone: "13880000006", county: showCounty, stage: roster.Junior, person: 1},
	{username: "student1", role: "student", phone: "13880000007", county: showCounty, stage: roster.Junior, person: 1},
	{username: "parent1", role: "parent", phone: "13880000008", county: showCounty, stage: roster.Junior, person: 1},
	{username: "public1", role: "public", phone: "13880000009"},
	// Who waits for an answer: see requests.go.
	{username: holder, role: "teacher", phone: "13880000011", county: showCounty, stage: roster.Junior, person: 2},
	{username: claimant, role: "teacher", phone: "13880000012"},
	{username: mover, role: "student", phone: "13880000013", county: otherCounty, stage: roster.Junior, person: 1},
	{username: newcomer, role: "student", phone: "13880000014"},
	{username: "old_teacher", role: "teacher", old: true},
	{username: "old_student", role: "student", old: true},
	{username: "old_parent", role: "parent", old: true},
	{username: "old_public", role: "public", old: true},
}

// oldHash is the demo password's as the old system kept it, sealed as an import seals it.
func (s *seeder) oldHash() (string, error) {
	sum := md5.Sum([]byte(Password + "caotang")) //nolint:gosec // what the old system's were
	return accounts.SealOldHash(s.vault, "md5_salt_last", hex.EncodeToString(sum[:]), "caotang")
}

func (s *seeder) accounts(ctx context.Context, schools []seededSchool) error {
	var rows, logins, grants, bindings [][]any
	var guardians []func(context.Context) error
	for _, a := range demoAccounts {
		id := s.id()
		logins = append(logins, []any{"u:" + strings.ToLower(a.username), id})
		if a.old {
			hash, err := s.oldHash()
			if err != nil {
				return err
			}
			rows = append(rows, []any{id, a.username, hash, a.role, nil, false, s.now, s.now, s.now})
			continue
		}
		rows = append(rows, []any{id, a.username, accounts.HashPassword(Password), a.role, s.vault.Seal("phone", a.phone), false, s.now, s.now, nil})
		logins = append(logins, []any{"p:" + hex.EncodeToString(s.vault.Index("phone", a.phone)), id})
		school := schoolOf(schools, a)
		switch a.level {
		case "":
		case access.School:
			grants = append(grants, []any{id, string(a.level), school.id, s.now})
		default:
			grants = append(grants, []any{id, string(a.level), a.scope, s.now})
		}
		switch {
		case a.person == 0:
		case a.role == "parent":
			guardians = append(guardians, func(ctx context.Context) error { return s.guardian(ctx, school, id) })
		default:
			bindings = append(bindings, []any{school.somebody(a.role, a.person), id, s.id(), school.id, a.role, s.now})
		}
	}
	if err := s.tx.Insert(ctx, "accounts",
		[]string{"id", "username", "password_hash", "role", "phone_sealed", "replace_password", "created_at", "updated_at", "imported_at"}, rows); err != nil {
		return err
	}
	if err := s.tx.Insert(ctx, "logins", []string{"login_key", "account_id"}, logins); err != nil {
		return err
	}
	if err := s.tx.Insert(ctx, "grants", []string{"account_id", "level", "scope_id", "created_at"}, grants); err != nil {
		return err
	}
	if err := s.tx.Insert(ctx, "bindings", []string{"entry_id", "account_id", "id", "school_id", "kind", "bound_at"}, bindings); err != nil {
		return err
	}
	for _, add := range guardians {
		if err := add(ctx); err != nil {
			return err
		}
	}
	return nil
}

// guardian makes the account the confirmed guardian of the school's first pupil, who has consented to one purpose and
// not answered the other, and has it ask for the second pupil, so that a class teacher and the school have somebody to answer.
func (s *seeder) guardian(ctx context.Context, school *seededSchool, accountID string) error {
	expires := db.At(s.now.Add(verification.RequestLasts))
	first, second := school.firstPupil(1), school.firstPupil(2)
	link := s.id()
	if err := s.tx.Insert(ctx, "guardian_requests", []string{
		"id", "account_id", "entry_id", "guardian_name", "relation", "asked_name", "asked_number", "state", "school_only", "channel",
		"asked_at", "expires_at", "decided_at", "decided_by", "reason",
	}, [][]any{
		{link, accountID, school.pupils[first], "王芳", "mother", "", "", string(verification.Confirmed), false, string(verification.FromBefore), s.now, expires, s.now, "", ""},
		{
			s.id(), accountID, school.pupils[second], "王芳", "mother", vault.MaskName(school.Pupils[second].Name), vault.MaskIDNumber(school.Pupils[second].IDNumber),
			string(verification.Asked), false, "", s.now, expires, nil, "", "",
		},
	}); err != nil {
		return err
	}
	if err := s.tx.Insert(ctx, "guardian_links", []string{"id", "account_id", "entry_id", "created_at"}, [][]any{{link, accountID, school.pupils[first], s.now}}); err != nil {
		return err
	}
	version, hash := consent.TextOf(consent.SpaceBeyondClass)
	return s.tx.Insert(ctx, "consent_records", []string{
		"id", "entry_id", "purpose", "version", "text_hash", "language", "decision", "channel", "account_id", "link_id", "who", "relation", "at", "standing",
	}, [][]any{{
		s.id(), school.pupils[first], string(consent.SpaceBeyondClass), version, hash, messages.Chinese, string(consent.Given), "space", accountID, link, "王芳", "mother", s.now, true,
	}})
}

// schoolOf answers the school that the account belongs to, nil when it belongs to none.
func schoolOf(schools []seededSchool, a account) *seededSchool {
	for i := range schools {
		if schools[i].County == a.county && schools[i].Stage == a.stage {
			return &schools[i]
		}
	}
	return nil
}

// somebody answers the entry of the nth teacher with classes, or of the nth pupil of the first class, from 1.
func (s *seededSchool) somebody(kind string, n int) string {
	if kind == roster.Teacher {
		return s.teachers[s.firstTeacher(n)]
	}
	return s.pupils[s.firstPupil(n)]
}

// firstTeacher is the nth teacher of the first class, from 1, by their place in the school.
func (s *School) firstTeacher(n int) int { return s.Classes[0].Teachers[n-1] }

// firstPupil is the nth pupil of the first class, from 1, by their place in the school.
func (s *School) firstPupil(n int) int {
	for i, p := range s.Pupils {
		if p.Class == 0 {
			if n--; n == 0 {
				return i
			}
		}
	}
	panic("demo: too few in the first class of " + s.Name)
}
