package accounts

import (
	"context"
	"net/http"

	"caotang/internal/server"
	"caotang/internal/sms"
)

type empty struct{}

type registerInput struct {
	Body struct {
		Username string  `json:"username" maxLength:"1000"`
		Password string  `json:"password" maxLength:"1000"`
		Phone    string  `json:"phone" maxLength:"100"`
		SMSCode  string  `json:"sms_code" maxLength:"100"`
		Role     string  `json:"role" maxLength:"100" doc:"teacher, student, parent or public"`
		PhoneAs  PhoneAs `json:"phone_as,omitempty" enum:"login,recovery_contact" doc:"recovery_contact: the phone is a pupil's guardian's and no login; login when absent"`
		Trusted  *bool   `json:"trusted,omitempty" doc:"As for signing in"`
	}
}

type registerOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Account Account `json:"account"`
		Token   string  `json:"token" doc:"For clients that are no browsers: the bearer token of the new session"`
	}
}

type signInInput struct {
	Body struct {
		Login    string `json:"login" maxLength:"1000" doc:"Username, in its own spelling, or phone"`
		Password string `json:"password" maxLength:"1000"`
		Trusted  *bool  `json:"trusted,omitempty" doc:"For web pages: whether the person trusts this computer. If not, the session ends with the browser, and soon when unused. Programs leave it out"`
	}
}

// SignInOutput hands a new session to whoever asked for it.
type SignInOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Account Account  `json:"account"`
		Token   string   `json:"token" doc:"For clients that are no browsers: the bearer token of the new session"`
		Must    []string `json:"must" enum:"cancel_closing,replace_password,bind_phone,second_factor" doc:"What comes before anything else: cancel_closing, replace_password, bind_phone, second_factor"`
	}
}

// Output is the session as the API answers it.
func (in SignedIn) Output() *SignInOutput {
	out := &SignInOutput{SetCookie: server.SessionCookie(in.token, in.keep)}
	out.Body.Account, out.Body.Token, out.Body.Must = in.Account, in.token, in.Must
	return out
}

type signOutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type passwordInput struct {
	Body struct {
		CurrentPassword string `json:"current_password" maxLength:"1000"`
		NewPassword     string `json:"new_password" maxLength:"1000"`
	}
}

type phoneInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1000"`
		Phone    string `json:"phone" maxLength:"100"`
		SMSCode  string `json:"sms_code" maxLength:"100"`
	}
}

type accountOutput struct{ Body Account }

type resetInput struct {
	Body struct {
		Username    string `json:"username" maxLength:"1000"`
		Phone       string `json:"phone" maxLength:"100"`
		SMSCode     string `json:"sms_code" maxLength:"100"`
		NewPassword string `json:"new_password" maxLength:"1000"`
	}
}

// Settings are the rules that screens show and check while somebody types.
type Settings struct {
	Demo           bool           `json:"demo"`
	RealnameProof  string         `json:"realname_proof" enum:"one_number,two_numbers"`
	PasswordPolicy PasswordPolicy `json:"password_policy"`
	Username       UsernameRule   `json:"username"`
	SMS            SMSRule        `json:"sms"`
	Roles          []string       `json:"roles" enum:"teacher,student,parent,public"`
}

// UsernameRule is the number of letters or digits of a username.
type UsernameRule struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// SMSRule is that of verification codes; times are in seconds.
type SMSRule struct {
	CodeTTL    int      `json:"code_ttl"`
	Cooldown   int      `json:"cooldown"`
	DailyLimit int      `json:"daily_limit"`
	Provinces  []string `json:"provinces" doc:"Whose numbers receive codes; empty for all"`
	English    []string `json:"provinces_english" doc:"The same in English"`
}

type settingsOutput struct{ Body Settings }

// Settings gives the rules as they are configured.
func (s *Service) Settings() Settings {
	limits := s.sms.Limits
	english := []string{}
	for _, province := range limits.Provinces {
		english = append(english, sms.EnglishProvince(province))
	}
	return Settings{
		Demo: s.config.Demo, RealnameProof: s.config.RealnameProof, PasswordPolicy: s.config.Password,
		Username: UsernameRule{usernameMin, usernameMax}, Roles: roles,
		SMS: SMSRule{
			CodeTTL: int(limits.TTL.Seconds()), Cooldown: int(limits.Cooldown.Seconds()), DailyLimit: limits.Daily,
			Provinces: append([]string{}, limits.Provinces...), English: english,
		},
	}
}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/settings", ID: "get-settings", Tag: "accounts",
		Summary: "The rules that screens show and check while somebody types",
	}, func(context.Context, *struct{}) (*settingsOutput, error) { return &settingsOutput{s.Settings()}, nil })

	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/accounts", ID: "register", Tag: "accounts", Status: 201, Captcha: true,
		Summary: "Register an account and sign it in",
	}, func(ctx context.Context, in *registerInput) (*registerOutput, error) {
		b := in.Body
		signedIn, err := s.Register(ctx, Registration{b.Username, b.Password, b.Phone, b.SMSCode, b.Role, b.PhoneAs, BeginBy(b.Trusted)})
		if err != nil {
			return nil, err
		}
		out := &registerOutput{SetCookie: signedIn.Cookie()}
		out.Body.Account, out.Body.Token = signedIn.Account, signedIn.Token()
		return out, nil
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/sessions", ID: "sign-in", Tag: "accounts", Status: 201, Captcha: true,
		Summary: "Sign in by username or phone",
	}, func(ctx context.Context, in *signInInput) (*SignInOutput, error) {
		signedIn, err := s.SignIn(ctx, in.Body.Login, in.Body.Password, BeginBy(in.Body.Trusted))
		if err != nil {
			return nil, err
		}
		return signedIn.Output(), nil
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/sessions/current", ID: "sign-out", Tag: "accounts", Rule: server.SignedIn, Status: 204,
		Summary: "Sign out",
	}, func(ctx context.Context, _ *struct{}) (*signOutOutput, error) {
		return &signOutOutput{server.EndedCookie()}, s.SignOut(ctx)
	})
	server.Register(srv, server.Op{
		Method: "PUT", Path: "/api/v1/me/password", ID: "change-password", Tag: "accounts", Rule: server.SignedIn, Status: 204,
		Summary: "Change one's password; other sessions end",
	}, func(ctx context.Context, in *passwordInput) (*empty, error) {
		return nil, s.ChangePassword(ctx, in.Body.CurrentPassword, in.Body.NewPassword)
	})
	server.Register(srv, server.Op{
		Method: "PUT", Path: "/api/v1/me/phone", ID: "change-phone", Tag: "accounts", Rule: server.SignedIn, Captcha: true,
		Summary: "Bind a phone, the first or another",
	}, func(ctx context.Context, in *phoneInput) (*accountOutput, error) {
		account, err := s.ChangePhone(ctx, in.Body.Password, in.Body.Phone, in.Body.SMSCode)
		return &accountOutput{account}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/password-resets", ID: "reset-password", Tag: "accounts", Status: 204, Captcha: true,
		Summary: "Set a new password by username, bound phone or recovery contact, and code; every session ends",
	}, func(ctx context.Context, in *resetInput) (*empty, error) {
		b := in.Body
		return nil, s.ResetPassword(ctx, Reset{b.Username, b.Phone, b.SMSCode, b.NewPassword})
	})
	s.mountContact(srv)
	s.mountClosing(srv)
	s.mountUsernames(srv)
	s.mountDevices(srv)
	s.mountNotices(srv)
	s.mountAdministration(srv)
	s.mountReveal(srv)
	s.mountAppointments(srv)
}
