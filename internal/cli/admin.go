package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"crier/internal/app"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/access"
	"crier/internal/service/roster"
)

type migrateCmd struct{}

// Run brings the schema up to date. Nodes do so themselves when they start.
func (migrateCmd) Run(w *world) error {
	if err := app.Migrate(w.ctx, *w.config, w.log); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w.out, "The schema is up to date.")
	return err
}

// adminCmd is what an operator does on the server itself, with no sign-in but access to
// the database.
type adminCmd struct {
	CreateOrganisation createOrganisationCmd `cmd:"" help:"Create an organisation, unless its slug exists."`
	CreateAdmin        createAdminCmd        `cmd:"" help:"Create a staff member with the role admin; prints the password."`
	CreateAPIKey       createAPIKeyCmd       `cmd:"" name:"create-api-key" help:"Create an API key; prints the secret, alone on its line."`
	ResetPassword      resetPasswordCmd      `cmd:"" help:"Give a person a new password; ends their sessions."`
	Verify             verifyCmd             `cmd:"" help:"Check an organisation's journal from its first entry to the last."`
}

// with opens the database for one piece of work.
func (w *world) with(do func(ctx context.Context, n *app.Node) error) error {
	n, err := app.Open(w.ctx, *w.config, w.log, app.Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(w.ctx, n), n.Close())
}

// in opens the database for work in one organisation, as the system.
func (w *world) in(slug string, do func(ctx context.Context, n *app.Node, actor domain.Actor) error) error {
	return w.with(func(ctx context.Context, n *app.Node) error {
		org, err := n.Store.OrganisationBySlug(ctx, slug)
		if err != nil {
			return err
		}
		return do(ctx, n, domain.System(org.ID))
	})
}

type createOrganisationCmd struct {
	Slug string `required:"" help:"Short name for sign-in and addresses: a-z, 0-9 and -."`
	Name string `required:"" help:"Name as people read it."`
}

// Run creates an organisation.
func (c createOrganisationCmd) Run(w *world) error {
	return w.with(func(ctx context.Context, n *app.Node) error {
		org, err := n.Roster.EnsureOrganisation(ctx, c.Slug, c.Name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "The organisation %s (%s) is there.\n", org.Slug, org.Name)
		return err
	})
}

type createAdminCmd struct {
	Organisation string `required:"" help:"The organisation's slug."`
	Login        string `required:"" help:"What they sign in with."`
	Name         string `required:"" help:"Given and family name."`
	PasswordFile string `help:"File with the password, - for standard input; else one is made." placeholder:"PATH"`
}

// Run creates an admin.
func (c createAdminCmd) Run(w *world) error {
	password, made, err := w.password(c.PasswordFile)
	if err != nil {
		return err
	}
	given, family, _ := strings.Cut(c.Name, " ")
	return w.in(c.Organisation, func(ctx context.Context, n *app.Node, actor domain.Actor) error {
		if made {
			password = n.Access.NewPassword()
		}
		_, err := n.Roster.PutPeople(ctx, actor, []roster.Person{{ExternalID: "admin:" + c.Login, Kind: domain.KindStaff, Role: domain.RoleAdmin,
			GivenName: given, FamilyName: family, Login: &c.Login, Password: &password}})
		if err != nil {
			return err
		}
		return w.tellPassword(c.Login, password, made)
	})
}

type createAPIKeyCmd struct {
	Organisation string         `required:"" help:"The organisation's slug."`
	Name         string         `required:"" help:"What the key is for."`
	Rights       []domain.Right `name:"right" default:"provision" help:"What the key may do; repeat it or separate by commas. provision: candidates with their passwords, groups, enrolments, progress. staff: staff with their roles, logins, passwords and rooms. tickets: tickets that open sockets as candidates. send: messages to candidates. read: tests, people, conversations, boards, the log. settings: the organisation's choices. sessions: end people's sign-ins." placeholder:"RIGHT"`
	SenderName   string         `help:"Name that candidates see on what the key sends; the organisation's name if left out." placeholder:"NAME"`
	Expires      time.Time      `format:"2006-01-02" help:"Day (UTC) from whose beginning the key is refused; never, if left out." placeholder:"DAY"`
	Addresses    []string       `name:"address" help:"Address or network that the key may be used from; repeatable. From everywhere, if left out." placeholder:"CIDR"`
}

// Run creates an API key.
func (c createAPIKeyCmd) Run(w *world) error {
	in := access.NewAPIKey{Name: c.Name, SenderName: c.SenderName, Rights: c.Rights, Addresses: c.Addresses}
	if !c.Expires.IsZero() {
		in.ExpiresAt = &c.Expires
	}
	return w.in(c.Organisation, func(ctx context.Context, n *app.Node, actor domain.Actor) error {
		key, err := n.Access.CreateAPIKey(ctx, actor, in)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(w.out, key.Secret)
		return err
	})
}

type resetPasswordCmd struct {
	Organisation string `required:"" help:"The organisation's slug."`
	Login        string `required:"" help:"Whose password."`
	PasswordFile string `help:"File with the password, - for standard input; else one is made." placeholder:"PATH"`
}

// Run sets a new password.
func (c resetPasswordCmd) Run(w *world) error {
	password, made, err := w.password(c.PasswordFile)
	if err != nil {
		return err
	}
	return w.in(c.Organisation, func(ctx context.Context, n *app.Node, actor domain.Actor) error {
		if made {
			password = n.Access.NewPassword()
		}
		if err := n.Access.ResetPassword(ctx, actor, c.Login, password); err != nil {
			return err
		}
		return w.tellPassword(c.Login, password, made)
	})
}

type verifyCmd struct {
	Organisation string `required:"" help:"The organisation's slug."`
}

// Run checks the chain of hashes; a broken chain is a failure.
func (c verifyCmd) Run(w *world) error {
	return w.in(c.Organisation, func(ctx context.Context, n *app.Node, actor domain.Actor) error {
		v, err := n.Record.Verify(ctx, actor)
		if err != nil {
			return err
		}
		if !v.OK {
			return fmt.Errorf("the journal is broken after %d entries: entry %s does not fit", v.Entries, v.FirstBad)
		}
		_, err = fmt.Fprintf(w.out, "%d entries, all in order. Last hash: %s\n", v.Entries, v.HeadHash)
		return err
	})
}

// password reads a password from a file or standard input. made: there is neither, so that one is
// to be made.
func (w *world) password(path string) (password string, made bool, err error) {
	switch path {
	case "":
		return "", true, nil
	case "-":
		line, err := bufio.NewReader(w.stdin).ReadString('\n')
		if err != nil && line == "" {
			return "", false, fmt.Errorf("no password on standard input")
		}
		return strings.TrimRight(line, "\r\n"), false, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", false, fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimSpace(string(b)), false, nil
}

func (w *world) tellPassword(login, password string, made bool) error {
	if !made {
		_, err := fmt.Fprintf(w.out, "%s can sign in.\n", login)
		return err
	}
	_, err := fmt.Fprintf(w.out, "%s can sign in with the password %s\n", login, password)
	return err
}

// message is an error as the person at the command line should read it.
func message(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err.Error()
	}
	s := f.Message
	if f.Field != "" {
		s = f.Field + ": " + s
	}
	for _, d := range f.Details {
		if !strings.Contains(s, d.Message) {
			s += "\n  " + d.Field + ": " + d.Message
		}
	}
	if f.Err != nil {
		s += " (" + f.Err.Error() + ")"
	}
	return s
}
