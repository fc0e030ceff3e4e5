package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"caotang/internal/accounts"
)

// sessions are how long people stay signed in, by what they signed in with, and what they are told of it.
type sessions struct {
	SessionIdle       time.Duration `help:"A session on a computer that its person trusts ends when unused for so long." default:"336h"`
	SessionLifetime   time.Duration `help:"… and after so long however much it is used." default:"2160h"`
	UntrustedIdle     time.Duration `help:"A session on any other computer ends when unused for so long." default:"2h"`
	UntrustedLifetime time.Duration `help:"… and after so long however much it is used." default:"12h"`
	ProgramIdle       time.Duration `help:"A session of a program, which does not say whether a computer is trusted, ends when unused for so long." default:"336h"`
	ProgramLifetime   time.Duration `help:"… and after so long however much it is used." default:"2160h"`
	NoticeTTL         time.Duration `help:"How long the link of a notice freezes the account, and the phone of before a change takes it back." default:"168h"`
	AddressPlaces     string        `help:"File that says where address ranges are, to show where sign-ins came from (docs/operations.md)." placeholder:"FILE"`
}

func (s sessions) validate() error {
	var bad []error
	for _, kind := range []struct {
		flag     string
		lifetime accounts.Lifetime
	}{{"session", s.ofTrusted()}, {"untrusted", s.ofUntrusted()}, {"program", s.ofProgram()}} {
		if kind.lifetime.Idle < time.Minute {
			bad = append(bad, fmt.Errorf("--%s-idle: must be at least 1m", kind.flag))
		}
		if kind.lifetime.Whole < kind.lifetime.Idle {
			bad = append(bad, fmt.Errorf("--%s-lifetime: must be at least --%s-idle", kind.flag, kind.flag))
		}
	}
	if s.NoticeTTL < time.Hour || s.NoticeTTL > 30*24*time.Hour {
		bad = append(bad, errors.New("--notice-ttl: must be from 1h to 720h"))
	}
	return errors.Join(bad...)
}

func (s sessions) ofTrusted() accounts.Lifetime {
	return accounts.Lifetime{Idle: s.SessionIdle, Whole: s.SessionLifetime}
}

func (s sessions) ofUntrusted() accounts.Lifetime {
	return accounts.Lifetime{Idle: s.UntrustedIdle, Whole: s.UntrustedLifetime}
}

func (s sessions) ofProgram() accounts.Lifetime {
	return accounts.Lifetime{Idle: s.ProgramIdle, Whole: s.ProgramLifetime}
}

// configure puts them into the room's configuration.
func (s sessions) configure(config *accounts.Config) error {
	config.Sessions = map[accounts.Face]accounts.Lifetime{accounts.Web: s.ofTrusted(), accounts.API: s.ofProgram()}
	config.Untrusted, config.NoticeTTL = s.ofUntrusted(), s.NoticeTTL
	if s.AddressPlaces == "" {
		return nil
	}
	file, err := os.Open(s.AddressPlaces)
	if err == nil {
		defer func() { _ = file.Close() }()
		config.Addresses, err = accounts.ReadAddresses(file)
	}
	if err != nil {
		return fmt.Errorf("--address-places: %w", err)
	}
	return nil
}
