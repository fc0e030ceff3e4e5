package support

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/identity"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/verification"
)

type askInput struct {
	Body struct {
		Kind              Kind          `json:"kind" maxLength:"40" doc:"missing_entry, missing_class, not_me or correction"`
		SchoolID          string        `json:"school_id,omitempty" maxLength:"100" doc:"Whose administrator is asked; not_me goes to the entry's own school"`
		EntryKind         string        `json:"entry_kind,omitempty" maxLength:"20" doc:"missing_entry, not_me: teacher, student, or parent of a student"`
		IDType            identity.Type `json:"id_type,omitempty" maxLength:"40"`
		IDNumber          string        `json:"id_number,omitempty" maxLength:"200"`
		Name              string        `json:"name,omitempty" maxLength:"500"`
		GuardianName      string        `json:"guardian_name,omitempty" maxLength:"500" doc:"missing_entry of a parent: who asks to be the child's guardian"`
		Relation          string        `json:"relation,omitempty" maxLength:"20" doc:"missing_entry of a parent: father, mother or other"`
		SecondNumber      string        `json:"second_number,omitempty" maxLength:"200" doc:"not_me, where the policy asks for two numbers"`
		Stage             roster.Stage  `json:"stage,omitempty" maxLength:"40" doc:"missing_class"`
		EntryYear         int           `json:"entry_year,omitempty" doc:"missing_class"`
		Number            int           `json:"number,omitempty" doc:"missing_class"`
		BindingID         string        `json:"binding_id,omitempty" maxLength:"100" doc:"correction, missing_class: whose entry, where the account stands for several people; else one's own"`
		ClassID           string        `json:"class_id,omitempty" maxLength:"100" doc:"correction: the right class, one of the school's"`
		StudentNumber     string        `json:"student_number,omitempty" maxLength:"200" doc:"correction"`
		CertificateNumber string        `json:"certificate_number,omitempty" maxLength:"200" doc:"correction"`
		GuardianID        string        `json:"guardian_id,omitempty" maxLength:"100" doc:"correction by a pupil: somebody who was confirmed as their guardian, and is not"`
		Note              string        `json:"note,omitempty" maxLength:"5000"`
	}
}

type againInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		SchoolID string `json:"school_id" maxLength:"100" doc:"Whose administrator is asked now"`
		Note     string `json:"note,omitempty" maxLength:"5000"`
	}
}

type ticketOutput struct{ Body Ticket }

type mineInput struct{ server.PageInput }

type mineOutput struct{ Body server.Page[Ticket] }

type queueInput struct {
	server.PageInput
	State    State  `query:"state" enum:"open,done,declined,withdrawn"`
	SchoolID string `query:"school_id" maxLength:"100"`
}

type queueOutput struct{ Body server.Page[AdminTicket] }

type oneInput struct {
	ID string `path:"id" maxLength:"100"`
}

type adminOutput struct{ Body AdminTicket }

type completeInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body *struct {
		ClassID           string `json:"class_id,omitempty" maxLength:"100" doc:"missing_entry: the class of the new entry"`
		StudentNumber     string `json:"student_number,omitempty" maxLength:"200" doc:"missing_entry"`
		CertificateNumber string `json:"certificate_number,omitempty" maxLength:"200" doc:"missing_entry"`
		KnownGuardian     bool   `json:"known_guardian,omitempty" doc:"missing_entry of a parent: the administrator knows that whoever asks is the child's guardian, who is confirmed by it; else the request waits as every other"`
		SchoolingYears    int    `json:"schooling_years,omitempty" doc:"missing_class: 六三制 or 五四制; the usual length when absent"`
		Phone             string `json:"phone,omitempty" enum:"before,now" doc:"frozen: which phone the account keeps, that of before the change when absent"`
		Answer            string `json:"answer,omitempty" maxLength:"5000" doc:"A word to whoever asked; for a frozen account the reason, which must be there"`
		Canned            string `json:"canned,omitempty" maxLength:"40" doc:"A ready answer, by its name"`
		Unheard           bool   `json:"holder_unanswered,omitempty" doc:"not_me: the administrator knows that the holder has not answered, and decides all the same"`
	}
}

type declineInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"5000" doc:"Must be there without a ready answer"`
		Canned string `json:"canned,omitempty" maxLength:"40" doc:"A ready answer, by its name"`
	}
}

type revealInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string `json:"reason" maxLength:"1000"`
	}
}

type tellInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Words string `json:"words" maxLength:"5000"`
	}
}

type handOnInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		SchoolID string `json:"school_id,omitempty" maxLength:"100" doc:"missing_entry: the school that should have been asked; the next level above when absent"`
		Reason   string `json:"reason" maxLength:"1000"`
	}
}

type casesOutput struct{ Body server.Page[Case] }

type caseOutput struct{ Body Case }

type caseInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body *struct {
		Note string `json:"note,omitempty" maxLength:"5000"`
	}
}

func (in *caseInput) note() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Note
}

type revealOutput struct{ Body Revealed }

type empty struct{}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/tickets", ID: "ask-school", Captcha: true, Tag: "support", Rule: server.Ready, Status: 201,
		Summary: "Ask a school's administrator for what only they can do",
	}, func(ctx context.Context, in *askInput) (*ticketOutput, error) {
		b := in.Body
		ticket, err := s.Ask(ctx, Request{
			Kind: b.Kind, SchoolID: b.SchoolID, Note: b.Note,
			Claim:     verification.Claim{Kind: b.EntryKind, IDType: b.IDType, IDNumber: b.IDNumber, Name: b.Name, SecondNumber: b.SecondNumber},
			Guardian:  verification.Guardian{Name: b.GuardianName, Relation: verification.Relation(b.Relation)},
			Class:     roster.NewClass{Stage: b.Stage, EntryYear: b.EntryYear, Number: b.Number},
			BindingID: b.BindingID,
			Right:     Right{ClassID: b.ClassID, StudentNumber: b.StudentNumber, CertificateNumber: b.CertificateNumber, GuardianID: b.GuardianID},
		})
		return &ticketOutput{ticket}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/tickets", ID: "list-my-tickets", Tag: "support", Rule: server.Ready,
		Summary: "One's own requests, the newest first",
	}, func(ctx context.Context, in *mineInput) (*mineOutput, error) {
		page, err := s.mine(ctx, access.ActorFrom(ctx).AccountID, in.PageInput)
		return &mineOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/me/tickets/{id}", ID: "withdraw-ticket", Tag: "support", Rule: server.Ready, Status: 204,
		Summary: "Take back one's own request while nobody has answered it",
	}, func(ctx context.Context, in *oneInput) (*empty, error) {
		return nil, s.Withdraw(ctx, in.ID)
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/tickets/{id}/again", ID: "ask-again", Captcha: true, Tag: "support", Rule: server.Ready, Status: 201,
		Summary: "Ask a school, the same or another, for the missing person of one's declined request",
	}, func(ctx context.Context, in *againInput) (*ticketOutput, error) {
		ticket, err := s.AskAgain(ctx, in.ID, in.Body.SchoolID, in.Body.Note)
		return &ticketOutput{ticket}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/cases", ID: "list-my-cases", Tag: "support", Rule: server.Ready,
		Summary: "The requests of others for the registry entry that one holds, or held, the newest first",
	}, func(ctx context.Context, in *mineInput) (*casesOutput, error) {
		page, err := s.cases(ctx, access.ActorFrom(ctx).AccountID, in.PageInput)
		return &casesOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/cases/{id}/keep", ID: "keep-my-entry", Tag: "support", Rule: server.Ready,
		Summary: "Answer somebody's request for one's entry: this is me",
	}, func(ctx context.Context, in *caseInput) (*caseOutput, error) {
		kept, err := s.Keep(ctx, in.ID, in.note())
		return &caseOutput{kept}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/cases/{id}/appeal", ID: "appeal-case", Tag: "support", Rule: server.Ready, Status: 201,
		Summary: "Take a case that one has lost, by a request or against one, to the level above whoever decided; once",
	}, func(ctx context.Context, in *caseInput) (*ticketOutput, error) {
		filed, err := s.Appeal(ctx, in.ID, in.note())
		return &ticketOutput{filed}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/tickets", ID: "list-tickets", Tag: "support", Rule: server.Administrator,
		Summary: "The requests in one's scope, the newest first",
	}, func(ctx context.Context, in *queueInput) (*queueOutput, error) {
		page, err := s.queue(ctx, in.State, in.SchoolID, in.PageInput)
		return &queueOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/tickets/{id}", ID: "get-ticket", Tag: "support", Rule: server.Administrator,
		Summary: "A request in one's scope, and what the registry says to it",
	}, func(ctx context.Context, in *oneInput) (*adminOutput, error) {
		ticket, err := s.Read(ctx, in.ID)
		return &adminOutput{ticket}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/tickets/{id}/reveal", ID: "reveal-ticket", Tag: "support", Rule: server.Administrator,
		Summary: "The full number of whom a request is about, and the phone of whoever asked; the look is recorded with its reason",
	}, func(ctx context.Context, in *revealInput) (*revealOutput, error) {
		shown, err := s.Reveal(ctx, in.ID, in.Body.Reason)
		return &revealOutput{shown}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/tickets/{id}/take", ID: "take-ticket", Tag: "support", Rule: server.Administrator,
		Summary: "Say that one sees to a request, so that no colleague begins as well; takes it over from whoever had it",
	}, func(ctx context.Context, in *oneInput) (*adminOutput, error) {
		ticket, err := s.Take(ctx, in.ID)
		return &adminOutput{ticket}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/tickets/{id}/release", ID: "release-ticket", Tag: "support", Rule: server.Administrator,
		Summary: "Leave a request that somebody sees to to anybody again",
	}, func(ctx context.Context, in *oneInput) (*adminOutput, error) {
		ticket, err := s.Release(ctx, in.ID)
		return &adminOutput{ticket}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/tickets/{id}/tell", ID: "tell-asker", Tag: "support", Rule: server.Administrator,
		Summary: "Customer service: write to whoever asked; the request stays open",
	}, func(ctx context.Context, in *tellInput) (*adminOutput, error) {
		ticket, err := s.Tell(ctx, in.ID, in.Body.Words)
		return &adminOutput{ticket}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/tickets/{id}/hand-on", ID: "hand-on-ticket", Tag: "support", Rule: server.Administrator,
		Summary: "Customer service: hand a request on to the level above, or to the school that should have been asked",
	}, func(ctx context.Context, in *handOnInput) (*adminOutput, error) {
		ticket, err := s.HandOn(ctx, in.ID, in.Body.SchoolID, in.Body.Reason)
		return &adminOutput{ticket}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/tickets/{id}/complete", ID: "complete-ticket", Tag: "support", Rule: server.Administrator,
		Summary: "Do what a request asks for, in one step",
	}, func(ctx context.Context, in *completeInput) (*adminOutput, error) {
		var completion Completion
		if b := in.Body; b != nil {
			completion = Completion{b.ClassID, b.StudentNumber, b.CertificateNumber, b.KnownGuardian, b.SchoolingYears, b.Phone, b.Answer, b.Canned, b.Unheard}
		}
		ticket, err := s.Complete(ctx, in.ID, completion)
		return &adminOutput{ticket}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/tickets/{id}/decline", ID: "decline-ticket", Tag: "support", Rule: server.Administrator,
		Summary: "Turn a request down, with the reason",
	}, func(ctx context.Context, in *declineInput) (*adminOutput, error) {
		ticket, err := s.Decline(ctx, in.ID, in.Body.Reason, in.Body.Canned)
		return &adminOutput{ticket}, err
	})
}
