package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"caotang/internal/db"
	"caotang/internal/messages"
	"caotang/internal/sms"
	"caotang/internal/sms/aliyun"
	"caotang/internal/sms/simulator"
	"caotang/internal/sms/tencent"
)

type smsCommand struct {
	Test     smsTestCommand     `cmd:"" help:"Send one message with the configuration in use, and print how far it comes."`
	Segments smsSegmentsCommand `cmd:"" help:"Where number segments belong, by which codes go to the allowed provinces."`
	Simulate smsSimulateCommand `cmd:"" help:"Play the carriers: CMPP, and Aliyun's and Tencent's services, to try a configuration with."`
}

type smsTestCommand struct {
	To   string        `help:"The phone." required:"" placeholder:"PHONE"`
	Wait time.Duration `help:"How long to wait for the carrier's report." default:"1m"`
	gateways
	serving
}

// Validate is called by kong before Run.
func (c *smsTestCommand) Validate() error {
	return errors.Join(c.gateways.validate(), c.serving.validate())
}

// Run sends past the database and its quotas. It fails when the message did, not when the report stays away: with CMPP a
// server that runs on the same account may get it instead.
func (c *smsTestCommand) Run(ctx context.Context, out *output) error {
	phone, err := sms.ParsePhone("phone", c.To)
	if err != nil {
		return errors.New("--to: not a mobile number")
	}
	gateway, err := c.connect(sms.NewConsole(out.stdout), c.logger(out.stderr))
	if err != nil {
		return err
	}
	defer func() { _ = closeGateway(gateway) }()
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	reports := make(chan sms.Report, 16)
	if reporter, ok := gateway.(sms.Reporter); ok {
		go reporter.Listen(ctx, func(ctx context.Context, r sms.Report) error {
			select {
			case reports <- r:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}
	begun := time.Now()
	say := func(state sms.State, words string) error {
		_, err := fmt.Fprintln(out.stdout, strings.TrimSpace(fmt.Sprintf("%6.2f s  %-9s  %s", time.Since(begun).Seconds(), state, words)))
		return err
	}
	if err := say(sms.Queued, ""); err != nil {
		return err
	}
	receipt, err := gateway.Send(ctx, testMessage(phone, c.SMSSignature))
	if rejected := (*sms.Rejected)(nil); errors.As(err, &rejected) {
		return errors.Join(say(sms.Failed, rejected.Reason.Text(messages.English, rejected.Words)), errors.New("the message was refused"))
	}
	if err != nil {
		return err
	}
	if err := say(sms.HandedOver, strings.TrimSpace(receipt.Gateway+" "+strings.Join(receipt.References, " "))); err != nil || receipt.Gateway == "" {
		return err
	}
	report, err := awaitReport(ctx, gateway, receipt, phone, begun, reports)
	switch {
	case err != nil:
		return say(sms.HandedOver, "no report within "+c.Wait.String()+": "+err.Error())
	case report.Delivered:
		return say(sms.Delivered, "")
	}
	return errors.Join(say(sms.Failed, report.Reason.Text(messages.English, report.Code)), errors.New("the message was not delivered"))
}

func testMessage(phone, signature string) sms.Message {
	args := map[string]string{"code": "000000", "minutes": "5"}
	text := messages.Text(messages.Chinese, "sms.text."+string(sms.Register), map[string]any{"code": args["code"], "minutes": args["minutes"]})
	return sms.Message{
		ID: db.NewID(), Phone: phone, Purpose: sms.Register, Text: "【" + signature + "】" + text, Code: args["code"],
		Template: string(sms.Register), Args: args,
	}
}

const askEvery = time.Second

// awaitReport waits for the report of every part, or the first that failed.
func awaitReport(ctx context.Context, g sms.Gateway, receipt sms.Receipt, phone string, sent time.Time, pushed <-chan sms.Report) (sms.Report, error) {
	waiting := map[string]bool{}
	for _, reference := range receipt.References {
		waiting[reference] = true
	}
	ask := time.NewTicker(askEvery)
	defer ask.Stop()
	for {
		var report sms.Report
		select {
		case <-ctx.Done():
			return sms.Report{}, ctx.Err()
		case report = <-pushed:
		case <-ask.C:
			inquirer, ok := g.(sms.Inquirer)
			if !ok || receipt.AskAfter == 0 {
				continue
			}
			var known bool
			var err error
			q := sms.Inquiry{Gateway: receipt.Gateway, Reference: receipt.References[0], Phone: phone, SentAt: sent}
			if report, known, err = inquirer.Inquire(ctx, q); err != nil {
				return sms.Report{}, err
			}
			if !known {
				continue
			}
		}
		if delete(waiting, report.Reference); !report.Delivered || len(waiting) == 0 {
			return report, nil
		}
	}
}

type smsSimulateCommand struct {
	Listen      string            `help:"Where to speak CMPP." default:"127.0.0.1:7890" placeholder:"HOST:PORT"`
	HTTP        string            `name:"http" help:"Where to serve Aliyun's and Tencent's operations, PUT /behaviour, and GET /arrived?phone=." default:"127.0.0.1:7891" placeholder:"HOST:PORT"`
	Account     string            `help:"The CMPP account." default:"901234"`
	KeyID       string            `help:"The key id of both services." default:"simulator"`
	Delay       time.Duration     `help:"Wait before every answer."`
	Throttle    bool              `help:"Refuse every message for now."`
	Refuse      []string          `help:"Refuse these phones for good." placeholder:"PHONE"`
	Report      map[string]string `mapsep:"," help:"Report this state for a phone instead of DELIVRD." placeholder:"PHONE=STATE"`
	LoseReports bool              `help:"Report nothing."`
	DropEvery   int               `help:"Drop the line instead of answering every so many messages." placeholder:"N"`
}

// Run plays until the context ends. The secret is CAOTANG_SIMULATOR_SECRET, or "simulator".
func (c *smsSimulateCommand) Run(ctx context.Context, out *output) error {
	secret := os.Getenv("CAOTANG_SIMULATOR_SECRET")
	if secret == "" {
		secret = "simulator"
	}
	s, err := simulator.Start(simulator.Config{
		CMPP: c.Listen, HTTP: c.HTTP, Account: c.Account, Secret: secret,
		Aliyun: aliyun.Credential{ID: c.KeyID, Secret: secret}, Tencent: tencent.Credential{ID: c.KeyID, Secret: secret},
		Arrived: func(a simulator.Arrival) {
			_, _ = fmt.Fprintf(out.stdout, "%s → %s  %s\n", a.Carrier, a.Phone, a.Text)
		},
	})
	if err != nil {
		return err
	}
	s.Behave(func(b *simulator.Behaviour) {
		b.Delay, b.Throttle, b.Report, b.LoseReports, b.DropEvery = c.Delay, c.Throttle, c.Report, c.LoseReports, c.DropEvery
		b.Refuse = map[string]string{}
		for _, phone := range c.Refuse {
			b.Refuse[phone] = ""
		}
	})
	_, err = fmt.Fprintf(out.stdout, "CMPP %s, account %s\nHTTP %s, key id %s\nsecret: CAOTANG_SIMULATOR_SECRET, or simulator\n", s.CMPPAddress(), c.Account, s.URL(), c.KeyID)
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, s.Close())
}
