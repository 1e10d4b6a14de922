package record

import (
	"fmt"
	"slices"
	"strings"

	"crier/internal/domain"
	"crier/internal/journal"
)

// summary says in one sentence what an entry records.
func summary(e *journal.Entry) (string, error) {
	switch e.Kind {
	case journal.KindBroadcastSent:
		return say(e, sentWords)
	case journal.KindBroadcastTold:
		return say(e, func(p journal.BroadcastTold) string {
			s := "Told " + count(len(p.People), "candidate", "candidates") + " in person"
			if p.Note != "" {
				s += ": " + p.Note
			}
			return s
		})
	case journal.KindBroadcastUntold:
		return say(e, func(p journal.BroadcastUntold) string {
			return "Took back that " + count(len(p.People), "candidate was", "candidates were") + " told in person"
		})
	case journal.KindReceiptsRecorded:
		return say(e, receiptWords)
	case journal.KindOrganisationCreated:
		return say(e, func(p journal.OrganisationCreated) string { return "Organisation " + p.Name + " created" })
	case journal.KindSettingsChanged:
		return "Settings changed", nil
	case journal.KindPeopleUpserted:
		return say(e, peopleWords)
	case journal.KindExamsUpserted:
		return say(e, func(p journal.ExamsUpserted) string {
			return count(len(p.Exams), "test", "tests") + " entered or changed"
		})
	case journal.KindGroupsUpserted:
		return say(e, func(p journal.GroupsUpserted) string {
			return count(len(p.Groups), "group", "groups") + " entered or changed"
		})
	case journal.KindEnrolmentsUpserted:
		return say(e, func(p journal.EnrolmentsUpserted) string {
			s := count(len(p.People), "candidate", "candidates") + " enrolled or moved"
			if n := len(p.Left); n > 0 {
				s += fmt.Sprintf(", %d of them left", n)
			}
			return s
		})
	case journal.KindEnrolmentsProgress:
		return say(e, func(p journal.ProgressChanged) string {
			by := map[domain.Progress]int{}
			for _, c := range p.Changes {
				by[c.Progress]++
			}
			var parts []string
			for _, pr := range []domain.Progress{domain.NotStarted, domain.InProgress, domain.Submitted} {
				if by[pr] > 0 {
					parts = append(parts, fmt.Sprintf("%d %s", by[pr], strings.ReplaceAll(string(pr), "_", " ")))
				}
			}
			return "Progress: " + strings.Join(parts, ", ")
		})
	case journal.KindScopesChanged:
		return say(e, func(p journal.ScopesChanged) string {
			return "Rooms of " + count(len(p.Changes), "staff member", "staff members") + " changed"
		})
	case journal.KindSessionStarted:
		return say(e, func(p journal.SessionChanged) string { return p.Name + " signed in" })
	case journal.KindSessionEnded:
		return say(e, func(p journal.SessionChanged) string {
			if p.Reason == "revoked" {
				return p.Name + "'s sign-ins were ended"
			}
			return p.Name + " signed out"
		})
	case journal.KindSignInsFailed:
		return say(e, failedWords)
	case journal.KindAPIKeyCreated:
		return say(e, keyWords)
	case journal.KindAPIKeyRevoked:
		return say(e, keyEndWords)
	case journal.KindTicketsMade:
		return say(e, ticketWords)
	}
	return talk(e)
}

// failedWords names the accounts with most failed sign-ins.
func failedWords(p journal.SignInsFailed) string {
	const named = 3
	var parts []string
	more := p.More
	for i, a := range p.Accounts {
		n := a.Wrong + a.Refused
		if i >= named {
			more += n
			continue
		}
		parts = append(parts, count(n, "failed sign-in", "failed sign-ins")+" for login "+a.Login+
			" ("+a.Name+") from "+count(len(a.Sources), "address", "addresses"))
	}
	if more > 0 {
		parts = append(parts, count(more, "failed sign-in", "failed sign-ins")+" for other logins")
	}
	if p.Unknown > 0 {
		parts = append(parts, count(p.Unknown, "failed sign-in", "failed sign-ins")+" for logins that nobody has")
	}
	return strings.Join(parts, "; ")
}

func sentWords(p journal.BroadcastSent) string {
	what := "Sent to "
	if p.Reminds != 0 {
		what = "Reminded "
	}
	what += count(p.Recipients, "candidate", "candidates")
	if p.Filter != "" {
		what += " (" + p.Filter + ")"
	}
	left := 0
	for _, people := range p.LeftOut {
		left += len(people)
	}
	if left > 0 {
		what += "; " + count(left, "person", "people") + " left out who cannot be written to"
	}
	return what
}

func say[P any](e *journal.Entry, words func(P) string) (string, error) {
	p, err := journal.As[P](e)
	if err != nil {
		return "", err
	}
	return words(*p), nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func sortPeople(list []Person) {
	slices.SortFunc(list, func(a, b Person) int {
		if c := strings.Compare(a.Room, b.Room); c != 0 {
			return c
		}
		if c := strings.Compare(domain.Fold(a.Name), domain.Fold(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(a.ExternalID, b.ExternalID)
	})
}
