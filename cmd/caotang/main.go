// Caotang (草堂) is the real-name learning space of a province: one binary that serves the API and the web pages, and does
// the chores of those who run it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the whole command line. Every flag can also be set by the variable that its help names, or in the JSON file
// that --config names; the command line wins, then the environment, then the file.
type commands struct {
	Serve          serveCommand          `cmd:"" help:"Serve the platform."`
	Migrate        migrateCommand        `cmd:"" help:"Bring the database up to date, then stop. (serve does so too.)"`
	ImportRegistry importRegistryCommand `cmd:"" help:"Load a roster file into the real-name registry."`
	ImportAccounts importAccountsCommand `cmd:"" help:"Take over the accounts of the old system."`
	ImportSchools  importSchoolsCommand  `cmd:"" help:"Add the schools of a list."`
	Admin          adminCommand          `cmd:"" help:"Administrators."`
	Audit          auditCommand          `cmd:"" help:"The record of who did what."`
	Keys           keysCommand           `cmd:"" help:"The keys that personal data is sealed with."`
	Statistics     statisticsCommand     `cmd:"" help:"The counts of the registry and its activation."`
	SMS            smsCommand            `cmd:"" name:"sms" help:"The gateways that carry messages."`
	Demo           demoCommand           `cmd:"" help:"Synthetic data, to try the platform with."`
	OpenAPI        openAPICommand        `cmd:"" name:"openapi" help:"Print the API's document."`

	Config kong.ConfigFlag `help:"A JSON file with any of the flags, by their names." type:"existingfile" placeholder:"FILE"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process, which tests share: it answers the exit status, 0 done, 1 failed, 2 wrong arguments.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("caotang"),
		kong.Description("Caotang 草堂: the real-name learning space of a province."),
		kong.DefaultEnvars("CAOTANG"),
		kong.Configuration(kong.JSON),
		kong.Writers(stdout, stderr),
		kong.Exit(func(status int) { exited = status }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&output{stdout, stderr}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		panic(err) // the command line's own declaration is wrong
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // help was asked for
		return exited
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "caotang: %v\n", err)
		return 2
	}
	if err := command.Run(); err != nil {
		_, _ = fmt.Fprintf(stderr, "caotang: %v\n", err)
		return 1
	}
	return 0
}

// output is where a command writes.
type output struct {
	stdout, stderr io.Writer
}
