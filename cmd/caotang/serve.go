package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"caotang/internal/demo"
)

type serveCommand struct {
	Demo bool `help:"Fill an empty database with a synthetic Sichuan, show every SMS on a page, and print accounts to try."`
	serving
	storage
	limits
	gateways
}

// drainFor is how long running requests may take to end after SIGTERM.
const drainFor = 20 * time.Second

// Validate is called by kong before Run: every bad value is named.
func (c *serveCommand) Validate() error {
	return errors.Join(c.serving.validate(), c.limits.validate(), c.gateways.validate())
}

// Run serves until the context ends, then drains: readiness fails, running requests end, background work is put back.
func (c *serveCommand) Run(ctx context.Context, out *output) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer func() { _ = listener.Close() }()
	d, v, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if err := fill(ctx, d, v, c.Demo); err != nil {
		return err
	}
	o := appOptions{storage: c.storage, limits: c.limits, serving: c.serving, gateways: c.gateways, demo: c.Demo, logs: out.stderr}
	if !c.Demo {
		o.messages = out.stdout
	}
	a, err := newApp(d, v, o)
	if err != nil {
		return err
	}
	if c.Demo {
		if err := demo.Ask(ctx, d, demo.Rooms{Roster: a.roster, Verification: a.verification, Support: a.support, Transfers: a.transfers}); err != nil {
			return err
		}
	}

	working, stopWork := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { a.jobs.Run(working) })
	work.Go(func() { a.every(working, houseEvery, "housekeeping", a.housekeeping) })
	work.Go(func() { a.every(working, c.closeEvery(), "closing accounts", a.owndata.CloseDue) })
	work.Go(func() { a.sms.Follow(working) })
	work.Go(func() { a.every(working, foldEvery, "statistics: adding up", a.fold) })
	work.Go(func() { a.every(working, sealEvery, "audit: sealing", a.seal) })
	work.Go(func() { a.every(working, keysEvery, "keys: sealing anew", a.resealing.Check) })
	work.Go(func() { a.every(working, noteEvery, "audit: noting", a.note) })
	defer func() { _ = closeGateway(a.gateway) }()
	defer work.Wait()
	defer stopWork()

	web := &http.Server{Handler: a.server, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	if err := c.announce(ctx, a, listener, out.stdout); err != nil && ctx.Err() == nil { // whoever stops it at once reads no list
		return err
	}
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	a.log.Info("stopping: running requests may end")
	a.server.Drain()
	draining, cancel := context.WithTimeout(context.Background(), drainFor)
	defer cancel()
	return web.Shutdown(draining)
}

func (c *serveCommand) announce(ctx context.Context, a *app, listener net.Listener, w io.Writer) error {
	if _, err := fmt.Fprintf(w, "Caotang 草堂 serves http://%s (%s)\n", listener.Addr(), a.db.Dialect()); err != nil {
		return err
	}
	if !c.Demo {
		return nil
	}
	return demo.Print(ctx, a.db, a.vault, w)
}
