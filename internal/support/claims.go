package support

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/jobs"
	"caotang/internal/messages"
	"caotang/internal/roster"
	"caotang/internal/verification"
)

// A person whom the registry does not have leaves a claim, and is verified by it once an entry comes that it proves: added,
// imported, renamed, at whatever school. The claim waits in waiting_claims beside its ticket, by the index of its document,
// so that looking for it costs one key a claim and nothing of what is sealed.
//
// Every change of the registry enqueues its own look, without asking first whether a claim waits: on PostgreSQL neither
// transaction would see the other, but a look that runs after the later of the two sees both. A look at one changed entry
// follows that entry's document alone; whoever files and withdraws claims learns nothing sooner by it, for filing one looks
// at nothing.

const (
	matchJob  = "support.match"  // the payload is the changed entry, or nothing for all claims
	gatherJob = "support.gather" // what the migration left to do
)

// claimsAtOnce bounds how many claims one query brings.
const claimsAtOnce = 500

// Ending is why a ticket ended without anybody answering it, or what is yet to come after the answer.
type Ending string

// The endings of a claim.
const (
	Verified      Ending = "verified"       // the entry came, and the account is bound to it
	GuardianAsked Ending = "guardian_asked" // the child's entry came, and the account waits to be confirmed as a guardian
	AccountTaken  Ending = "account_taken"  // the account was verified as somebody else meanwhile
)

// claimHeld is what whoever waits is told when the entry has come and another account holds it.
const claimHeld = "notice.claim_held"

// childEntered is what whoever asked for a missing child is told when the child is there, and their request to be its guardian waits.
const childEntered = "notice.child_entered"

// EntryChanged looks for whoever waits for the entry, once the transaction has committed. It implements [roster.Watcher].
func (s *Service) EntryChanged(ctx context.Context, tx *db.Tx, entryID string) error {
	_, err := s.jobs.Enqueue(ctx, tx, matchJob, []byte(entryID))
	return err
}

// Imported looks for whoever waits for any entry, once the transaction has committed. It implements [roster.Watcher].
func (s *Service) Imported(ctx context.Context, tx *db.Tx) error {
	_, err := s.jobs.Enqueue(ctx, tx, matchJob, []byte{})
	return err
}

// await has a missing_entry ticket end by itself. The claim's formats hold.
func (s *Service) await(ctx context.Context, tx *db.Tx, ticketID string, c content) error {
	index, err := s.roster.DocumentIndex(ctx, tx, c.document())
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO waiting_claims (ticket_id, document_index, held) VALUES ($1, $2, false) ON CONFLICT DO NOTHING`, ticketID, index)
	return err
}

// claim is what whoever asks says of themselves.
func (c content) claim() verification.Claim {
	return verification.Claim{Kind: c.EntryKind, IDType: c.IDType, IDNumber: c.IDNumber, Name: c.Name, SecondNumber: c.SecondNumber}
}

// found is a waiting claim and the entry with its document.
type found struct {
	ticketID, entryID string
	held              bool
}

// runMatch is the job after a change of the registry. Cut off anywhere it may run again: what it has ended waits no longer.
func (s *Service) runMatch(ctx context.Context, job jobs.Job) error {
	if entryID := string(job.Payload); entryID != "" {
		all, err := s.foundClaims(ctx, `w.document_index = (SELECT document_index FROM registry_entries WHERE id = $1)`, entryID)
		if err != nil {
			return err
		}
		return s.completeAll(ctx, all)
	}
	return s.MatchClaims(ctx)
}

// MatchClaims ends every waiting claim that can end by now. Call it now and then: it also sees what no change of the
// registry tells, that a holder has let an entry go or that an account has become somebody else.
func (s *Service) MatchClaims(ctx context.Context) error {
	var failed error
	for after := ""; ; {
		all, err := s.foundClaims(ctx, `w.ticket_id > $1`, after)
		if err != nil {
			return errors.Join(failed, err)
		}
		failed = errors.Join(failed, s.completeAll(ctx, all))
		if len(all) < claimsAtOnce {
			break
		}
		after = all[len(all)-1].ticketID
	}
	return errors.Join(failed, s.endTaken(ctx))
}

// foundClaims lists the waiting claims whose document has an entry, by ticket. The join is written so that SQLite, too, goes
// from the claims to the documents.
func (s *Service) foundClaims(ctx context.Context, where, arg string) ([]found, error) {
	return db.Collect(ctx, s.db, fmt.Sprintf(`SELECT w.ticket_id, d.entry_id, w.held FROM waiting_claims w
		CROSS JOIN documents d WHERE d.document_index = w.document_index AND %s ORDER BY w.ticket_id LIMIT %d`, where, claimsAtOnce), []any{arg},
		func(f *found) []any { return []any{&f.ticketID, &f.entryID, &f.held} })
}

func (s *Service) completeAll(ctx context.Context, all []found) (failed error) {
	for _, f := range all {
		if err := ctx.Err(); err != nil {
			return errors.Join(failed, err)
		}
		if err := s.completeClaim(ctx, f); err != nil {
			failed = errors.Join(failed, fmt.Errorf("claim %s: %w", f.ticketID, err))
		}
	}
	return failed
}

// completeClaim binds whoever waits, if their claim proves the entry and nothing is in the way; all or nothing.
func (s *Service) completeClaim(ctx context.Context, f found) error {
	// Read first: a claim that an entry disproves must cost no turn at writing, however often it is looked at.
	t, entry, err := s.claimAndEntry(ctx, s.db, f)
	if err != nil || t == nil {
		return err
	}
	if holders, err := s.verification.HoldersOf(ctx, s.db, entry, t.content.EntryKind); err != nil {
		return err
	} else if t.content.EntryKind != verification.Parent && len(holders) > 0 && holders[0].AccountID != t.accountID && f.held {
		return nil // as it was told
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error { return s.completeIn(ctx, tx, f) })
	var refused *fault.Error
	switch {
	case errors.As(err, &refused) && refused.Code == errTicketClosed.Name():
		return nil // answered or withdrawn at the same moment
	case errors.As(err, &refused) && refused.Details["bound"] == "account":
		return s.end(ctx, f.ticketID, Declined, AccountTaken)
	case errors.As(err, &refused) && refused.Details["bound"] == "entry":
		return s.hold(ctx, f.ticketID)
	case fault.Is(err, fault.ErrNotFound):
		return nil // the entry has just gone
	case fault.Is(err, verification.ErrGuardiansFull), fault.Is(err, verification.ErrChildrenFull), fault.Is(err, guard.ErrTooManyAttempts):
		return nil // until there is room for one more
	}
	return err
}

// claimAndEntry reads a claim that waits and the entry that it proves; no ticket where it does not, or waits no longer.
func (s *Service) claimAndEntry(ctx context.Context, q db.Querier, f found) (*row, roster.Entry, error) {
	all, err := s.rows(ctx, q, " WHERE t.id = $1 AND t.state = 'open'", f.ticketID)
	if err != nil || len(all) == 0 {
		return nil, roster.Entry{}, err
	}
	entry, err := s.roster.EntryByID(ctx, q, f.entryID)
	if fault.Is(err, fault.ErrNotFound) {
		return nil, entry, nil
	}
	if err != nil {
		return nil, entry, err
	}
	if proven, err := s.verification.Proves(all[0].content.claim(), entry); err != nil || !proven {
		return nil, entry, err
	}
	return &all[0], entry, nil
}

func (s *Service) completeIn(ctx context.Context, tx *db.Tx, f found) error {
	// The ticket before the entry, as whoever answers it does: else each would wait for the other.
	if err := settle(ctx, tx, f.ticketID, Done, "", "", ""); err != nil {
		return err
	}
	all, err := s.rows(ctx, tx, " WHERE t.id = $1", f.ticketID)
	if err != nil {
		return err
	}
	t := all[0]
	if _, err := verification.Hold(ctx, tx, f.entryID); err != nil {
		return err
	}
	entry, err := s.roster.EntryByID(ctx, tx, f.entryID)
	if err != nil {
		return err
	}
	if proven, err := s.verification.Proves(t.content.claim(), entry); err != nil {
		return err
	} else if !proven {
		return fault.ErrNotFound.New() // renamed at the same moment: the claim waits on
	}
	if t.content.EntryKind == verification.Parent && entry.Kind == roster.Student {
		if _, err := s.askGuardian(ctx, tx, t, entry, false); err != nil {
			return err
		}
		if err := s.recordEnding(ctx, tx, t, Done, GuardianAsked, roster.School{}); err != nil {
			return err
		}
		return s.accounts.Notify(ctx, tx, t.accountID, childEntered, nil)
	}
	if err := s.verification.Bind(ctx, tx, t.accountID, entry, t.content.EntryKind); err != nil {
		return err
	}
	return s.recordEnding(ctx, tx, t, Done, Verified, entry.School)
}

// end ends a claim for a reason of its own, and tells whoever asked.
func (s *Service) end(ctx context.Context, ticketID string, state State, why Ending) error {
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := settle(ctx, tx, ticketID, state, "", "", ""); err != nil {
			return err
		}
		all, err := s.rows(ctx, tx, " WHERE t.id = $1", ticketID)
		if err != nil {
			return err
		}
		if err := s.recordEnding(ctx, tx, all[0], state, why, roster.School{}); err != nil {
			return err
		}
		return s.accounts.Notify(ctx, tx, all[0].accountID, "notice.ticket_"+string(state), map[string]any{"school": all[0].School.Name})
	})
	if fault.Is(err, errTicketClosed) {
		return nil
	}
	return err
}

// recordEnding keeps how a ticket ended by itself, where its author and the school read it, and in the record.
func (s *Service) recordEnding(ctx context.Context, tx *db.Tx, t row, state State, why Ending, at roster.School) error {
	if err := s.keepEnding(ctx, tx, t, why, at); err != nil {
		return err
	}
	about := t.about()
	about["by_itself"] = string(why)
	return audit.Record(ctx, tx, audit.Event{Action: "ticket." + string(state), Target: "ticket", TargetID: t.ID, Place: t.place, Details: about})
}

func (s *Service) keepEnding(ctx context.Context, tx *db.Tx, t row, why Ending, at roster.School) error {
	c := t.content
	c.Ending, c.EndedAt = why, at.Name
	sealed, err := s.seal(c)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE tickets SET sealed = $1 WHERE id = $2`, sealed, t.ID)
	return err
}

// hold marks a claim whose entry another account holds, and tells whoever waits once.
func (s *Service) hold(ctx context.Context, ticketID string) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		marked, err := tx.Exec(ctx, `UPDATE waiting_claims SET held = true WHERE ticket_id = $1 AND NOT held`, ticketID)
		if err != nil {
			return err
		}
		if n, err := marked.RowsAffected(); err != nil || n == 0 {
			return err
		}
		all, err := s.rows(ctx, tx, " WHERE t.id = $1", ticketID)
		if err != nil {
			return err
		}
		t := all[0]
		if err := audit.Record(ctx, tx, audit.Event{Action: "ticket.held", Target: "ticket", TargetID: t.ID, Place: t.place, Details: t.about()}); err != nil {
			return err
		}
		return s.accounts.Notify(ctx, tx, t.accountID, claimHeld, nil)
	})
}

// endTaken ends the claims of accounts that have become somebody else than they claim to be.
func (s *Service) endTaken(ctx context.Context) error {
	bound, err := db.Collect(ctx, s.db, `SELECT w.ticket_id FROM waiting_claims w JOIN tickets t ON t.id = w.ticket_id
		WHERE EXISTS (SELECT 1 FROM bindings b WHERE b.account_id = t.account_id)
			OR EXISTS (SELECT 1 FROM guardian_links g WHERE g.account_id = t.account_id)`, nil,
		func(id *string) []any { return []any{id} })
	if err != nil {
		return err
	}
	for _, id := range bound {
		all, err := s.rows(ctx, s.db, " WHERE t.id = $1 AND t.state = 'open'", id)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			continue
		}
		if other, err := s.inTheWay(ctx, s.db, all[0]); err != nil {
			return err
		} else if other != nil {
			if err := s.end(ctx, id, Declined, AccountTaken); err != nil {
				return err
			}
		}
	}
	return nil
}

// runGather has the open requests wait that were filed before claims did.
func (s *Service) runGather(ctx context.Context, _ jobs.Job) error {
	all, err := s.rows(ctx, s.db, ` WHERE t.state = 'open' AND t.kind = 'missing_entry'`)
	if err != nil {
		return err
	}
	for _, t := range all {
		err := s.db.InTx(ctx, func(tx *db.Tx) error {
			// The ticket is held until this has committed: whoever ends it then takes the claim along.
			var id string
			err := tx.QueryRow(ctx, `SELECT id FROM tickets WHERE id = $1 AND state = 'open'`+tx.ForUpdate(), t.ID).Scan(&id)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			return s.await(ctx, tx, t.ID, t.content)
		})
		if err != nil {
			return err
		}
	}
	return s.MatchClaims(ctx)
}

// ending is how a ticket ended by itself, in the reader's language.
func (c content) ending(ctx context.Context) string {
	return messages.Text(access.ClientFrom(ctx).Language, "ticket.ending."+string(c.Ending), map[string]any{"school": c.EndedAt})
}
