package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/rs/zerolog"

	"crier/internal/app"
	"crier/internal/clock"
	"crier/internal/config"
	"crier/internal/domain"
	"crier/internal/service/roster"
)

// Run runs a node on the embedded database, gives it the demo organisation unless it
// has it, prints where to go and whom to sign in as, and plays the hall until ctx
// ends.
func Run(ctx context.Context, cfg config.Config, log zerolog.Logger, out io.Writer) error {
	return RunWith(ctx, cfg, app.Options{}, log, out)
}

// RunWith is Run with a node made of o.
func RunWith(ctx context.Context, cfg config.Config, o app.Options, log zerolog.Logger, out io.Writer) error {
	cfg.Database = "" // the demo never touches a real one
	if cfg.Data == config.Default().Data {
		cfg.Data = filepath.Join(cfg.Data, "demo") // apart from data that are not a demo's
	}
	o.Demo = true
	cfg.SMTPAddr, cfg.TwilioAccount, cfg.KannelURL = "", "", "" // and sends nothing: the Outbox page shows what it would have
	node, err := app.Open(ctx, cfg, log, o)
	if err != nil {
		return err
	}
	if err := found(ctx, node); err != nil {
		_ = node.Close()
		return fmt.Errorf("make the demo organisation: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var playing sync.WaitGroup
	var played error // written before playing is done
	err = node.Serve(ctx, func(addr net.Addr) {
		playing.Go(func() {
			if played = play(ctx, "http://"+addr.String(), log, out); played != nil {
				cancel() // a demo without its hall is none
			}
		})
	})
	cancel()
	playing.Wait()
	if errors.Is(played, context.Canceled) {
		played = nil
	}
	return errors.Join(err, played)
}

// found creates the organisation and its admin if they are missing.
func found(ctx context.Context, node *app.Node) error {
	org, err := node.Roster.EnsureOrganisation(ctx, Slug, Organisation)
	if err != nil {
		return err
	}
	login, password := "admin", Password
	admin := roster.Person{ExternalID: "staff-admin", Kind: domain.KindStaff, Role: domain.RoleAdmin, Login: &login, Password: &password}
	for _, l := range Logins {
		if l.Login == login {
			admin.GivenName, admin.FamilyName = split(l.Name)
		}
	}
	_, err = node.Roster.PutPeople(ctx, domain.System(org.ID), []roster.Person{admin})
	return err
}

func play(ctx context.Context, base string, log zerolog.Logger, out io.Writer) error {
	c := &client{base: base}
	if err := c.signIn(ctx); err != nil {
		return err
	}
	if err := provision(ctx, c, clock.System{}.Now()); err != nil {
		return fmt.Errorf("provision the demo: %w", err)
	}
	announce(out, base)
	h := &hall{client: c, log: log.With().Str("room", "demo").Logger(), people: candidates()}
	h.run(ctx)
	return nil
}

func announce(out io.Writer, base string) {
	fmt.Fprintf(out, "\n  Crier runs at %s\n  Organisation %q; every password is %q (for this demo only)\n\n", base, Slug, Password)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "  LOGIN\tWHO\tROLE\tREACH")
	for _, l := range Logins {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", l.Login, l.Name, l.Role, l.What)
	}
	_ = w.Flush()
	fmt.Fprintln(out, "\n  "+strings.Join([]string{
		"Staff: " + base + "/staff", "Candidates: " + base + "/", "API: " + base + "/docs", "Stop: Ctrl+C",
	}, "\n  ")+"\n")
}
