package recovery

import (
	"context"
	"slices"
	"time"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/roster"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// What the account's phone is told of when it is asked for, and before it is given back; whoever answers it with "this was not me" has
// the account frozen, and it is not given back.
const (
	asked   accounts.Notice = "recovery_asked"
	warning accounts.Notice = "recovery_warning"
)

// toldFor is for how long one telling stands for whatever else asks for the same: a stranger may file again and again, from several phones.
const toldFor = 24 * time.Hour

// tellHolders tells whoever may be the owner of the account that somebody asks for it, as soon as somebody is to decide: unless the
// phone that whoever asks has proved is the account's own. Of several guardians nobody knows which is meant: they are told without a
// link that would freeze the wrong account. Who was told within a day is not told again: the link they have stops this request as well.
// Once they have used it, it was about those before, and they are told anew.
func (s *Service) tellHolders(ctx context.Context, tx *db.Tx, r row, entry *roster.Entry) error {
	if entry == nil {
		return nil
	}
	holders, err := s.verification.HoldersOf(ctx, tx, *entry, r.content.Kind)
	if err != nil || len(holders) == 0 {
		return err
	}
	if own, err := s.byHolder(ctx, tx, r, holders); err != nil || own {
		return err
	}
	ids := make([]string, len(holders))
	for i, h := range holders {
		ids[i] = h.AccountID
	}
	if err := s.accounts.Hold(ctx, tx, ids...); err != nil { // of two who ask at once, the second sees that the first has told
		return err
	}
	event, told, err := s.toldBefore(ctx, tx, r, entry.ID, ids)
	if err != nil {
		return err
	}
	if told {
		_, err := tx.Exec(ctx, `UPDATE recoveries SET asked_event = $1 WHERE id = $2`, event, r.id)
		return err
	}
	args := map[string]any{"phone": vault.MaskPhone(r.content.Phone)}
	if len(ids) == 1 {
		event = db.NewID()
		err = s.accounts.TellAs(ctx, tx, event, ids[0], asked, args)
	} else {
		for _, id := range ids {
			if err = s.accounts.Notify(ctx, tx, id, "notice.recovery_asked_among", args); err != nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE recoveries SET asked_event = $1, told_at = $2 WHERE id = $3`, event, db.At(s.now()), r.id)
	return err
}

// byHolder tells whether whoever asks has the phone of one of those who stand for the person.
func (s *Service) byHolder(ctx context.Context, q db.Querier, r row, holders []verification.Holder) (bool, error) {
	own, err := s.accounts.AccountOfPhone(ctx, q, r.content.Phone)
	return slices.ContainsFunc(holders, func(h verification.Holder) bool { return h.AccountID == own }), err
}

// toldBefore is the event by which the holders have been told of another request for the same within a day; "" for several, whose
// notice holds no link.
func (s *Service) toldBefore(ctx context.Context, tx *db.Tx, r row, entryID string, holders []string) (event string, told bool, err error) {
	now, before := s.vault.Asked(s.vault.Index(personPurpose, r.content.document().Key()))
	found, err := s.rows(ctx, tx, ` WHERE r.told_at > $1 AND (r.entry_id = $2 OR r.person_index IN ($3, $4)) ORDER BY r.told_at DESC`,
		db.At(s.now().Add(-toldFor)), entryID, now, before)
	if err != nil {
		return "", false, err
	}
	for _, other := range found {
		if other.content.Kind != r.content.Kind || (other.askedEvent == "") != (len(holders) > 1) {
			continue
		}
		if len(holders) > 1 {
			return "", true, nil
		}
		if may, err := s.accounts.Objectionable(ctx, tx, holders[0], other.askedEvent); err != nil || may {
			return other.askedEvent, may, err
		}
	}
	return "", false, nil
}

// warn tells the owner of the account that it is about to be given back.
func (s *Service) warn(ctx context.Context, tx *db.Tx, r row, accountID string) error {
	event := db.NewID()
	if err := s.accounts.TellAs(ctx, tx, event, accountID, warning, map[string]any{"phone": vault.MaskPhone(r.content.Phone)}); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE recoveries SET warned_event = $1 WHERE id = $2`, event, r.id)
	return err
}
