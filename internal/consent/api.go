package consent

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/retention"
	"caotang/internal/server"
	"caotang/internal/vault"
)

type body[T any] struct{ Body T }

type empty struct{}

// ByClass names a class.
type ByClass struct {
	ID string `path:"id" maxLength:"100"`
}

type classInput struct {
	ByClass
	server.PageInput
}

type pupilInput struct {
	ByClass
	EntryID string `query:"entry_id" maxLength:"100" required:"true"`
	server.PageInput
}

type ownList struct {
	Items []OfChild `json:"items"`
}

type sayOwnBody struct {
	GuardianshipID string     `json:"guardianship_id" maxLength:"100"`
	Decisions      []Decision `json:"decisions" minItems:"1" maxItems:"10"`
}

type linkBody struct {
	Token string `json:"token" maxLength:"100"`
}

type sayByLinkBody struct {
	Token     string     `json:"token" maxLength:"100"`
	Decisions []Decision `json:"decisions" minItems:"1" maxItems:"10"`
}

type codeBody struct {
	Code string `json:"code" maxLength:"200"`
}

type sayBySlipBody struct {
	Code      string     `json:"code" maxLength:"200"`
	Name      string     `json:"name" maxLength:"500" doc:"The guardian's"`
	Relation  string     `json:"relation" maxLength:"20" doc:"father, mother or other"`
	Decisions []Decision `json:"decisions" minItems:"1" maxItems:"10"`
}

type historyInput struct {
	server.PageInput
	GuardianshipID string `query:"guardianship_id" maxLength:"100" required:"true"`
}

// Record is something that was said, as a guardian reads it again.
type Record struct {
	ID       string    `json:"id"`
	Purpose  Purpose   `json:"purpose" enum:"space_beyond_class,third_party_apps"`
	Title    string    `json:"title" doc:"Of the purpose's text of now, in the reader's language"`
	Version  int       `json:"version"`
	TextHash string    `json:"text_hash" doc:"SHA-256 of that version of the text"`
	Decision State     `json:"decision" enum:"given,refused,withdrawn"`
	Channel  string    `json:"channel" enum:"space,sms,slip"`
	Who      string    `json:"masked_who,omitempty"`
	At       time.Time `json:"at"`
}

// history lists what was said about a child of the actor's, the newest first.
func (s *Service) history(ctx context.Context, in *historyInput) (server.Page[Record], error) {
	var none server.Page[Record]
	bindings, err := s.verification.BindingsOf(ctx, s.db, access.ActorFrom(ctx).AccountID)
	if err != nil {
		return none, err
	}
	for _, b := range bindings {
		if !b.Guardian || b.ID != in.GuardianshipID {
			continue
		}
		all, err := s.Of(ctx, s.db, b.EntryID, in.Cursor, in.Limit+1)
		if err != nil {
			return none, err
		}
		return server.NewPage(all, in.Limit, func(r Record) string { return r.ID }), nil
	}
	return none, fault.ErrNotFound.New()
}

// Of lists up to limit records of what was said about a person of the registry, the newest first, before the cursor when there is
// one. Whoever asks has made sure that the reader may know.
func (s *Service) Of(ctx context.Context, q db.Querier, entryID, cursor string, limit int) ([]Record, error) {
	query, args := ` WHERE entry_id = $1 ORDER BY id DESC LIMIT $2`, []any{entryID, limit}
	if cursor != "" {
		query, args = ` WHERE entry_id = $1 AND id < $3 ORDER BY id DESC LIMIT $2`, append(args, cursor)
	}
	type row struct {
		Record
		at db.Time
	}
	found, err := db.Collect(ctx, q, `SELECT id, purpose, version, text_hash, decision, channel, who, at FROM consent_records`+query, args, func(r *row) []any {
		return []any{&r.ID, &r.Purpose, &r.Version, &r.TextHash, &r.Decision, &r.Channel, &r.Who, &r.at}
	})
	all := make([]Record, len(found))
	for i, r := range found {
		all[i] = r.Record
		all[i].Title, _ = current[r.Purpose].in(access.ClientFrom(ctx).Language)
		all[i].Who, all[i].At = vault.MaskName(r.Who), r.at.Time
	}
	return all, err
}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	op := func(method, path, id, summary string, rule server.Rule, status int) server.Op {
		return server.Op{Method: method, Path: "/api/v1" + path, ID: id, Summary: summary, Tag: "consents", Rule: rule, Status: status, Captcha: rule == server.Anyone}
	}
	server.Register(srv, op("GET", "/me/consents", "list-my-consents", "What one is asked, as a guardian, for one's children under fourteen", server.Ready, 0),
		func(ctx context.Context, _ *struct{}) (*body[ownList], error) {
			all, err := s.own(ctx)
			return &body[ownList]{ownList{all}}, err
		})
	server.Register(srv, op("POST", "/me/consents", "say-consent", "Give, refuse or withdraw one's consent for a child", server.Ready, 204),
		func(ctx context.Context, in *body[sayOwnBody]) (*empty, error) {
			return nil, s.sayOwn(ctx, in.Body.GuardianshipID, in.Body.Decisions)
		})
	server.Register(srv, op("GET", "/me/consents/history", "list-consent-history", "What was said about a child of one's own", server.Ready, 0),
		func(ctx context.Context, in *historyInput) (*body[server.Page[Record]], error) {
			page, err := s.history(ctx, in)
			return &body[server.Page[Record]]{page}, err
		})
	server.Register(srv, op("POST", "/consent-links/read", "read-consent-link", "What a guardian is asked by a link that came by SMS", server.Anyone, 0),
		func(ctx context.Context, in *body[linkBody]) (*body[Shown], error) {
			shown, err := s.readLink(ctx, in.Body.Token)
			return &body[Shown]{shown}, err
		})
	server.Register(srv, op("POST", "/consent-links/say", "say-consent-by-link", "Give or refuse consent by that link, once", server.Anyone, 204),
		func(ctx context.Context, in *body[sayByLinkBody]) (*empty, error) {
			return nil, s.sayByLink(ctx, in.Body.Token, in.Body.Decisions)
		})
	server.Register(srv, op("POST", "/slips/consents/read", "read-consent-by-slip", "What a guardian is asked by the child's slip", server.Anyone, 0),
		func(ctx context.Context, in *body[codeBody]) (*body[Shown], error) {
			shown, err := s.readSlip(ctx, in.Body.Code)
			return &body[Shown]{shown}, err
		})
	server.Register(srv, op("POST", "/slips/consents/say", "say-consent-by-slip", "Give, refuse or withdraw consent by the child's slip", server.Anyone, 204),
		func(ctx context.Context, in *body[sayBySlipBody]) (*empty, error) {
			return nil, s.sayBySlip(ctx, in.Body.Code, in.Body.Name, in.Body.Relation, in.Body.Decisions)
		})
	server.Register(srv, op("GET", "/classes/{id}/consents", "count-consents", "How many guardians of a class have consented; for its administrators and class teachers", server.Ready, 0),
		func(ctx context.Context, in *ByClass) (*body[OfClass], error) {
			of, err := s.count(ctx, in.ID)
			return &body[OfClass]{of}, err
		})
	server.Register(srv, op("GET", "/classes/{id}/consents/pupils", "list-class-consents", "What stands for each pupil of a class; for its administrators and class teachers", server.Ready, 0),
		func(ctx context.Context, in *classInput) (*body[server.Page[OfPupil]], error) {
			page, err := s.list(ctx, in.ID, in.PageInput)
			return &body[server.Page[OfPupil]]{page}, err
		})
	server.Register(srv, op("GET", "/classes/{id}/consents/records", "list-pupil-consents", "Everything that was said for a pupil of a class; for its administrators and class teachers", server.Ready, 0),
		func(ctx context.Context, in *pupilInput) (*body[server.Page[Record]], error) {
			page, err := s.recordsOf(ctx, in.ID, in.EntryID, in.PageInput)
			return &body[server.Page[Record]]{page}, err
		})
	server.Register(srv, op("POST", "/classes/{id}/consents/remind", "remind-consents", "Send guardians who have yet to answer a link by SMS, once a week at most", server.Ready, 0),
		func(ctx context.Context, in *ByClass) (*body[Reminded], error) {
			r, err := s.remind(ctx, in.ID)
			return &body[Reminded]{r}, err
		})
}

// Forsake forgets what an account that is being closed said of its owner; what was said, and when, stays.
func (s *Service) Forsake(ctx context.Context, tx *db.Tx, accountID string) error {
	_, err := tx.Exec(ctx, `UPDATE consent_records SET who = '', relation = '' WHERE account_id = $1`, accountID)
	return err
}

// Forget removes links that nobody can use any more, and need not be remembered for reminding.
func (s *Service) Forget(ctx context.Context) error {
	now := db.Now()
	_, err := s.db.Exec(ctx, `DELETE FROM consent_links WHERE expires_at < $1 AND created_at < $2`, now, db.At(now.Add(-remindEvery)))
	return err
}

// Retention tells for how long links are kept.
func (s *Service) Retention(ctx context.Context) ([]retention.Rule, error) {
	r, err := retention.Check(ctx, s.db, "consent_links", max(s.config.LinkTTL, remindEvery), max(s.config.LinkTTL, remindEvery), time.Now(), `SELECT count(*) FROM consent_links WHERE created_at < $1`)
	return []retention.Rule{r}, err
}
