package slips

import (
	"context"
	"slices"
	"strings"
	"time"

	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/server"
	"caotang/internal/vault"
)

// Counts are how many of a group have come how far.
type Counts struct {
	People    int `json:"people"`
	Activated int `json:"activated"`
	None      int `json:"none" doc:"Not activated, without a slip"`
	Unused    int `json:"unused" doc:"Not activated, with a slip that works"`
	Expired   int `json:"expired" doc:"Not activated, their slip has expired"`
	Ended     int `json:"ended" doc:"Not activated, their slip was ended"`
}

// Overview is a page of a group, and the counts of all of it.
type Overview struct {
	server.Page[Holder]
	Counts Counts `json:"counts"`
	School Named  `json:"school"`
	Class  *Named `json:"class" doc:"Null for the teachers of a school"`
	Days   int    `json:"days" doc:"How long a slip printed now would be valid"`
}

// Named is a school or class.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Overview lists a group with the states of their slips.
func (s *Service) Overview(ctx context.Context, of Group, page server.PageInput) (*Overview, error) {
	g, err := s.printable(ctx, of)
	if err != nil {
		return nil, err
	}
	all, err := s.holders(ctx, s.db, g)
	if err != nil {
		return nil, err
	}
	o := &Overview{School: Named{g.school.ID, g.school.Name}, Days: int(s.config.TTL.Hours() / 24)}
	if g.class != nil {
		o.Class = &Named{g.class.ID, g.class.DisplayName}
	}
	for _, h := range all {
		o.Counts.add(h)
	}
	after := slices.IndexFunc(all, func(h Holder) bool { return h.EntryID > page.Cursor })
	if after < 0 {
		after = len(all)
	}
	rest := all[after:]
	o.Page = server.NewPage(rest[:min(len(rest), page.Limit+1)], page.Limit, func(h Holder) string { return h.EntryID })
	return o, nil
}

func (c *Counts) add(h Holder) {
	c.People++
	if h.Activated {
		c.Activated++
		return
	}
	switch h.State {
	case Unused:
		c.Unused++
	case Expired:
		c.Expired++
	case Ended:
		c.Ended++
	case None, Used: // used by an account that was parted from them since
		c.None++
	}
}

// Order says whose slips are printed.
type Order struct {
	Group
	// EntryIDs chooses some of the group; everybody who is not activated when empty. Whoever is activated gets a slip only
	// when chosen, and only when their account has no phone: it sets the password anew.
	EntryIDs []string
	// Replace prints for those too who have a slip that still works, and ends that one. Without it they are left alone.
	Replace bool
}

// Slip is one printed slip.
type Slip struct {
	Name    string
	School  string
	Class   string // "" for a teacher
	Code    string // as it is printed
	Purpose string
	Until   time.Time
}

// Sheets are slips to be printed: nowhere else are their codes.
type Sheets struct {
	Title string // of the group
	Slips []Slip
}

// Print makes slips, ends those that they replace, and records both. Errors: not_found outside the actor's scope;
// slip_not_needed when nobody is left to print for; invalid for more than [MostAtOnce] or a choice outside the group.
func (s *Service) Print(ctx context.Context, order Order) (*Sheets, error) {
	g, err := s.printable(ctx, order.Group)
	if err != nil {
		return nil, err
	}
	sheets := &Sheets{Title: strings.TrimSuffix(g.school.Name+"-"+g.className(), "-")}
	expires := db.At(s.now().Add(s.config.TTL))
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		sheets.Slips = nil
		chosen, err := s.chosen(ctx, tx, g, order)
		if err != nil {
			return err
		}
		var printed []string
		ended, resets := 0, 0
		for _, h := range chosen {
			code := newCode()
			done, err := s.put(ctx, tx, h, code, expires, order.Replace)
			if err != nil {
				return err
			}
			if !done {
				continue
			}
			slip := Slip{h.Name, g.school.Name, g.className(), grouped(code), Activate, expires.Time}
			if h.Activated {
				slip.Purpose = ResetPassword
				resets++
				if err := recordReset(ctx, tx, g, h); err != nil {
					return err
				}
			}
			if h.live {
				ended++
			}
			sheets.Slips, printed = append(sheets.Slips, slip), append(printed, h.EntryID)
		}
		if len(printed) == 0 {
			return ErrSlipNotNeeded.New()
		}
		action, details := "slip.print", map[string]any{"count": len(printed), "ended": ended, "entries": strings.Join(printed, " ")}
		if resets > 0 {
			action, details["resets"] = "slip.print_with_resets", resets
		}
		return s.record(ctx, tx, action, g, details)
	})
	if err != nil {
		return nil, err
	}
	return sheets, nil
}

// chosen are those of the group whom an order asks slips for.
func (s *Service) chosen(ctx context.Context, tx *db.Tx, g group, order Order) ([]Holder, error) {
	all, err := s.holders(ctx, tx, g)
	if err != nil {
		return nil, err
	}
	if len(order.EntryIDs) > 0 {
		if all, err = only(all, order.EntryIDs); err != nil {
			return nil, err
		}
	}
	all = slices.DeleteFunc(all, func(h Holder) bool {
		unwanted := h.Activated && (!h.CanReset || len(order.EntryIDs) == 0)
		return unwanted || h.live && !order.Replace
	})
	if len(all) > MostAtOnce {
		return nil, fault.ErrInvalid.New(fault.FieldWith("entry_ids", "slips_too_many", map[string]any{"max": MostAtOnce, "have": len(all)}))
	}
	return all, nil
}

// only are those with the ids: invalid when one is not of the group.
func only(all []Holder, ids []string) ([]Holder, error) {
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	all = slices.DeleteFunc(all, func(h Holder) bool { return !wanted[h.EntryID] })
	if len(all) != len(wanted) {
		return nil, fault.ErrInvalid.New(fault.Field("entry_ids", "not_found"))
	}
	return all, nil
}

// End ends the slips of a group, or of some of it, that still work: papers were lost. It answers how many.
func (s *Service) End(ctx context.Context, of Group, entryIDs []string) (ended int, err error) {
	g, err := s.printable(ctx, of)
	if err != nil {
		return 0, err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		ended = 0
		all, err := s.holders(ctx, tx, g)
		if err != nil {
			return err
		}
		if len(entryIDs) > 0 {
			if all, err = only(all, entryIDs); err != nil {
				return err
			}
		}
		var entries []string
		for _, h := range all {
			done, err := s.end(ctx, tx, h.EntryID)
			if err != nil {
				return err
			}
			if done {
				entries = append(entries, h.EntryID)
			}
		}
		if ended = len(entries); ended == 0 {
			return nil
		}
		return s.record(ctx, tx, "slip.end", g, map[string]any{"count": ended, "entries": strings.Join(entries, " ")})
	})
	return ended, err
}

// recordReset records a slip that opens somebody's account with the person: they and their school can see that it was printed.
func recordReset(ctx context.Context, tx *db.Tx, g group, h Holder) error {
	return audit.Record(ctx, tx, audit.Event{
		Action: "slip.print_reset", Target: "entry", TargetID: h.EntryID, Place: g.place,
		Details: map[string]any{"masked_name": vault.MaskName(h.Name), "masked_username": h.MaskedUsername},
	})
}

func (s *Service) record(ctx context.Context, tx *db.Tx, action string, g group, details map[string]any) error {
	target, id := g.target()
	return audit.Record(ctx, tx, audit.Event{Action: action, Target: target, TargetID: id, Place: g.place, Details: details})
}
