package record

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// maxNamed is how many people a line of the log names; the entry's page names all.
const maxNamed = 3

// peopleWords says what became of people, and first who may sign in otherwise or do other
// things than before.
func peopleWords(p journal.PeopleUpserted) string {
	words := count(len(p.People), "person", "people") + " entered or changed"
	var named []string
	passwords := 0
	for _, r := range p.People {
		if r.New && r.Kind == domain.KindCandidate {
			if r.Password != "" {
				passwords++
			}
			continue
		}
		if what := changeWords(r); what != "" {
			named = append(named, r.Name+" ("+what+")")
		}
	}
	if n := len(named); n > maxNamed {
		named = append(named[:maxNamed], fmt.Sprintf("and %d more", n-maxNamed))
	}
	if passwords > 0 {
		named = append(named, count(passwords, "new candidate", "new candidates")+" with a password")
	}
	if len(named) == 0 {
		return words
	}
	return words + ": " + strings.Join(named, ", ")
}

// changeWords says what changed of what decides about a person's signing in, "" if nothing did.
func changeWords(r journal.PersonRecord) string {
	var parts []string
	switch {
	case r.New && r.Kind == domain.KindStaff:
		parts = append(parts, "new staff, role "+roleWord(r.Role))
	case r.RoleWas != "":
		parts = append(parts, "role from "+roleWord(r.RoleWas)+" to "+roleWord(r.Role))
	}
	switch {
	case r.LoginWas != "" && r.Login != "":
		parts = append(parts, "login from "+r.LoginWas+" to "+r.Login)
	case r.Login != "":
		parts = append(parts, "login "+r.Login+" given")
	case r.LoginWas != "":
		parts = append(parts, "login "+r.LoginWas+" taken away")
	}
	switch r.Password {
	case journal.PasswordSet:
		parts = append(parts, "password set")
	case journal.PasswordChanged:
		parts = append(parts, "password changed")
	}
	if r.Locked {
		parts = append(parts, "locked")
	}
	return strings.Join(parts, ", ")
}

func roleWord(r domain.Role) string { return strings.ReplaceAll(string(r), "_", " ") }

// keyWords says what an API key that was made may do, from where and until when.
func keyWords(p journal.APIKeyChanged) string {
	words := "API key " + p.Name + " made"
	if len(p.Rights) > 0 {
		words += " with the rights " + domain.JoinRights(p.Rights)
	}
	if p.SenderName != "" {
		words += ", sending as " + p.SenderName
	}
	if len(p.Addresses) > 0 {
		list := make([]string, len(p.Addresses))
		for i, a := range p.Addresses {
			list[i] = a.String()
		}
		words += ", from " + strings.Join(list, ", ")
	}
	if p.ExpiresAt != nil {
		words += ", until " + p.ExpiresAt.UTC().Format(time.DateTime) + " UTC"
	}
	return words
}

func keyEndWords(p journal.APIKeyChanged) string {
	if p.Reason == "expired" {
		return "API key " + p.Name + " expired"
	}
	return "API key " + p.Name + " revoked"
}

func ticketWords(p journal.TicketsMade) string {
	return count(len(p.People), "ticket", "tickets") + " made for " + count(len(p.People), "candidate", "candidates") +
		", good until " + p.ExpiresAt.UTC().Format(time.DateTime) + " UTC"
}

// receiptWords counts receipts by state, and those that came through tickets again by whose.
func receiptWords(p journal.ReceiptsRecorded) string {
	by, of := map[domain.ReceiptState]int{}, map[int64]bool{}
	tickets := map[string]int{}
	for _, i := range p.Items {
		by[i.State] += len(i.People)
		of[i.Broadcast] = true
		if i.Ticket != nil {
			tickets[makerWords(*i.Ticket)] += len(i.People)
		}
	}
	var parts []string
	for _, st := range []domain.ReceiptState{domain.Delivered, domain.Displayed, domain.Acknowledged} {
		if by[st] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", by[st], st))
		}
	}
	words := "Receipts of " + count(len(of), "sending", "sendings") + ": " + strings.Join(parts, ", ")
	var makers []string
	for maker := range tickets {
		makers = append(makers, maker)
	}
	slices.Sort(makers)
	for _, maker := range makers {
		words += fmt.Sprintf("; %d by a ticket of %s", tickets[maker], maker)
	}
	return words
}

// makerWords names who made a ticket.
func makerWords(t domain.Ticketed) string {
	if t.Kind == domain.ActorAPIKey {
		return "API key " + t.Name
	}
	return t.Name
}

// concerned are the people of an entry of which the log says something one by one, with what
// it says.
func concerned(e *journal.Entry) (people []domain.PersonNo, what []string, err error) {
	add := func(no domain.PersonNo, words string) { people, what = append(people, no), append(what, words) }
	switch e.Kind {
	case journal.KindPeopleUpserted:
		_, err = say(e, func(p journal.PeopleUpserted) string {
			for _, r := range p.People {
				if words := changeWords(r); words != "" {
					add(r.No, words)
				}
			}
			return ""
		})
	case journal.KindTicketsMade:
		_, err = say(e, func(p journal.TicketsMade) string {
			for _, no := range p.People {
				add(no, "ticket made")
			}
			return ""
		})
	case journal.KindReceiptsRecorded:
		_, err = say(e, func(p journal.ReceiptsRecorded) string {
			for _, i := range p.Items {
				for _, no := range i.People {
					if i.Ticket != nil {
						add(no, string(i.State)+" by a ticket of "+makerWords(*i.Ticket))
					}
				}
			}
			return ""
		})
	}
	return people, what, err
}
