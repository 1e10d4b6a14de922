package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/app"
	"crier/internal/config"
	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/service/roster"
)

// Mails measures how many mails a second a node hands to a mail server beside it: claimed, judged, composed, handed over
// by SMTP and recorded. The server takes everything and keeps nothing.
type Mails struct {
	Config config.Config // without a Database: SQLite in a folder of its own
	Mails  int
}

// MailsResult is what was measured.
type MailsResult struct {
	Database string  `json:"database"`
	Mails    int     `json:"mails"`
	Taken    int64   `json:"taken"` // by the mail server; as many as mails, each once
	Seconds  float64 `json:"seconds"`
	Rate     float64 `json:"per_second"`
}

// Run makes an organisation of its own and sends one message to all its people; progress goes to log.
func (m Mails) Run(ctx context.Context, log io.Writer) (r *MailsResult, err error) {
	if m.Mails < 1 || m.Mails > 100_000 {
		return nil, errors.New("there must be 1 to 100000 mails")
	}
	if m.Config.Database == "" { // never into somebody's own
		if m.Config.Data, err = os.MkdirTemp("", "crier-bench-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(m.Config.Data)) }()
	}
	sink, err := openSink(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sink.listener.Close() }()
	m.Config.SMTPAddr, m.Config.SMTPTLS, m.Config.MailDomain = sink.listener.Addr().String(), "none", "mail.example.org"
	n, err := app.Open(ctx, m.Config, zerolog.Nop(), app.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	fmt.Fprintf(log, "making %d candidates\n", m.Mails)
	org, err := m.fill(ctx, n)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	n.Delivery.Start(ctx)
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, n.Delivery.Stop(stop))
	}()
	for {
		list, err := n.Store.Deliveries(ctx, org, domain.Seen{All: true}, domain.DeliveryQuery{State: domain.DeliveryWaiting, Limit: 1})
		if err != nil {
			return nil, err
		}
		busy, err := n.Store.Deliveries(ctx, org, domain.Seen{All: true}, domain.DeliveryQuery{State: domain.DeliverySending, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(list)+len(busy) == 0 {
			break
		}
		if time.Since(started) > 10*time.Minute {
			return nil, errors.New("the mails do not go")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	took := time.Since(started)
	r = &MailsResult{Database: "sqlite", Mails: m.Mails, Taken: sink.taken.Load(), Seconds: took.Seconds(), Rate: float64(m.Mails) / took.Seconds()}
	if strings.HasPrefix(m.Config.Database, "postgres") {
		r.Database = "postgres"
	}
	return r, nil
}

// fill makes the people, and a message to all of them with a copy by email.
func (m Mails) fill(ctx context.Context, n *app.Node) (domain.OrganisationID, error) {
	org, err := n.Roster.EnsureOrganisation(ctx, newName(), "Bench")
	if err != nil {
		return 0, err
	}
	system := domain.System(org.ID)
	for from := 0; from < m.Mails; from += 5000 {
		var people []roster.Person
		for i := from; i < min(from+5000, m.Mails); i++ {
			address := fmt.Sprintf("p%d@example.org", i)
			people = append(people, roster.Person{ExternalID: fmt.Sprintf("p%06d", i), Kind: domain.KindCandidate, GivenName: "Person", FamilyName: fmt.Sprint(i), Email: &address})
		}
		if _, err := n.Roster.PutPeople(ctx, system, people); err != nil {
			return 0, err
		}
	}
	audience := []journal.AudienceRoom{{}}
	for i := range m.Mails {
		audience[0].People = append(audience[0].People, domain.PersonNo(i+1))
	}
	a, err := json.Marshal(audience)
	if err != nil {
		return 0, err
	}
	p, err := json.Marshal(journal.BroadcastSent{Subject: "The room has changed", Body: "Your test is in room B instead of room A. Please bring your card.", Level: domain.LevelChat, SenderName: "Ada",
		Recipients: m.Mails, Channels: []domain.Channel{domain.ChannelEmail}})
	if err != nil {
		return 0, err
	}
	_, _, err = n.Store.Append(ctx, &journal.Entry{Organisation: org.ID, Kind: journal.KindBroadcastSent, Actor: system.Ref(), Payload: p, Audience: a})
	if err != nil {
		return 0, err
	}
	return org.ID, n.Store.Expand(ctx, org.ID)
}

// sink is a mail server that takes everything.
type sink struct {
	listener net.Listener
	taken    atomic.Int64
}

func openSink(ctx context.Context) (*sink, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.talk(c)
		}
	}()
	return s, nil
}

// talk is SMTP (RFC 5321) as far as a sink needs it.
func (s *sink) talk(c net.Conn) {
	defer func() { _ = c.Close() }()
	in := bufio.NewReaderSize(c, 64<<10)
	say := func(text string) bool { _, err := io.WriteString(c, text+"\r\n"); return err == nil }
	for ok := say("220 sink"); ok; {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.TrimSpace(line)); {
		case strings.HasPrefix(verb, "EHLO"):
			ok = say("250-sink\r\n250 8BITMIME")
		case verb == "DATA":
			if !say("354 go on") {
				return
			}
			for line != ".\r\n" {
				if line, err = in.ReadString('\n'); err != nil {
					return
				}
			}
			s.taken.Add(1)
			ok = say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			ok = say("250 yes")
		}
	}
}
