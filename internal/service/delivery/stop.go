package delivery

import (
	"context"

	"crier/internal/channel/email"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Stops ends mails to staff by the link that each of them carries (RFC 8058): whoever has the mail may, signed in or not.
type Stops struct {
	Store interface {
		StopNotify(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, preference string) error
	}
	Tokens *email.Tokens
}

// StopWords are what the link's page says.
type StopWords struct {
	Lang, Dir string
	Button    string
	Done      string
}

// Words returns the page's words in a language that the browser asks for. Errors: NotFound for a token that is none.
func (s Stops) Words(token, languages string) (StopWords, error) {
	if _, _, _, err := s.open(token); err != nil {
		return StopWords{}, err
	}
	w := email.WordsOf(languages)
	return StopWords{Lang: w.Lang, Dir: w.Dir, Button: w.StopLine, Done: w.Stopped}, nil
}

// Stop ends the mails. Doing it again changes nothing. Errors: NotFound for a token that is none; Unavailable.
func (s Stops) Stop(ctx context.Context, token string) error {
	org, person, preference, err := s.open(token)
	if err != nil {
		return err
	}
	return s.Store.StopNotify(ctx, org, person, preference)
}

// open says whose mails a token ends, and by which preference.
func (s Stops) open(token string) (domain.OrganisationID, domain.PersonNo, string, error) {
	preference := domain.NotifyEmail
	org, person, err := s.Tokens.OpenStop(token)
	if err != nil {
		preference = domain.NotifyMentions
		org, person, err = s.Tokens.OpenStopMentions(token)
	}
	if err != nil {
		return 0, 0, "", errNoStop
	}
	return domain.OrganisationID(org), domain.PersonNo(person), preference, nil
}

var errNoStop = fault.New(fault.NotFound, "this link ends nothing")

// DownloadWords are what the page of a link to a file says.
type DownloadWords struct {
	Lang, Dir string
	email.DownloadWords
}

// WordsOfDownload returns the page's words in a language, English for one that is not known.
func WordsOfDownload(language string) DownloadWords {
	w := email.WordsOf(language)
	return DownloadWords{Lang: w.Lang, Dir: w.Dir, DownloadWords: w.Download}
}
