package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/attachment"
	"crier/internal/service/delivery"
)

// Downloads hands out files by the links that mails to people without pages carry.
type Downloads interface {
	Linked(ctx context.Context, token string) (attachment.Linked, error)
	TakeLinked(ctx context.Context, token string) (l attachment.Linked, f *attachment.File, giveBack func(), err error)
}

// askDownload shows a button: programs that look at links in mails must not use a link up.
func (s *Server) askDownload(x *exchange) error {
	l, err := s.Downloads.Linked(x.r.Context(), x.path("token"))
	return s.downloadPage(x, l, err)
}

// takeDownload is what the button does. A download that breaks off leaves the link as it was.
func (s *Server) takeDownload(x *exchange) error {
	l, f, giveBack, err := s.Downloads.TakeLinked(x.r.Context(), x.path("token"))
	if err != nil || f == nil {
		return s.downloadPage(x, l, err)
	}
	x.r.Header.Del("Range") // it works once, so it hands over all of the file
	x.r.Header.Del("If-None-Match")
	defer func() {
		if x.bytes < f.Size || x.r.Context().Err() != nil {
			giveBack()
		}
	}()
	return x.download(f)
}

// downloadPage says what a link leads to, or why it leads nowhere: whoever follows it reads a page, no JSON.
func (s *Server) downloadPage(x *exchange, l attachment.Linked, err error) error {
	language := l.Locale
	if language == "" {
		language = firstLanguage(x.r)
	}
	w := delivery.WordsOfDownload(language)
	say := func(status int, text string) error {
		text = "<p>" + html.EscapeString(strings.ReplaceAll(text, "%s", l.Organisation)) + "</p>"
		return x.plainPage(status, w.Lang, w.Dir, w.Title, "<h1>"+html.EscapeString(w.Title)+"</h1>"+text)
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return say(http.StatusNotFound, w.Unknown)
	case err != nil && x.abandoned(err):
		return err
	case err != nil:
		s.Log.Error().Str("request_id", x.id).Err(err).Msg("the file of a link could not be read")
		return say(http.StatusServiceUnavailable, w.Unavailable)
	case l.State == attachment.LinkUsed:
		return say(http.StatusGone, w.Used)
	case l.State == attachment.LinkExpired:
		return say(http.StatusGone, w.Expired)
	case l.State != attachment.LinkReady:
		return say(http.StatusGone, w.Gone)
	}
	esc := html.EscapeString
	return x.plainPage(http.StatusOK, w.Lang, w.Dir, w.Title, fmt.Sprintf(
		`<h1>%s</h1><p>%s</p><p class="file"><bdi>%s</bdi> <small>%s</small></p><form method="post"><button>%s</button></form><p><small>%s</small></p>`,
		esc(w.Title), esc(strings.ReplaceAll(w.From, "%s", l.Organisation)), esc(l.Name), sizeOf(l.Size), esc(w.Button),
		esc(strings.ReplaceAll(w.Once, "%s", l.Until.Format("2006-01-02 15:04 MST")))))
}

// sizeOf is a number of bytes for people.
func sizeOf(n int64) string {
	switch {
	case n >= 1<<20:
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MB"
	case n >= 1<<10:
		return strconv.FormatInt(n>>10, 10) + " kB"
	}
	return strconv.FormatInt(n, 10) + " B"
}

// plainStyle is the style of pages without a script.
const plainStyle = `:root{color-scheme:light dark}body{margin:0;font:1rem/1.5 system-ui,sans-serif}` +
	`main{max-width:28rem;margin:12vh auto 0;padding:1.5rem}h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:0 0 1rem}` +
	`.file{font-weight:600;overflow-wrap:anywhere}small{font-size:.875rem;font-weight:400;opacity:.8}` +
	`button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.25rem;margin:0 0 1rem;border:0;border-radius:.375rem;` +
	`background:#1d4ed8;color:#fff;cursor:pointer}button:focus-visible{outline:3px solid;outline-offset:2px}`

// plainPolicy lets a page without a script have its style and its form.
var plainPolicy = func() string {
	sum := sha256.Sum256([]byte(plainStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

// plainPage answers with a page for people who are not signed in. body is HTML.
func (x *exchange) plainPage(status int, lang, dir, title, body string) error {
	h := x.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", plainPolicy)
	h.Set("X-Robots-Tag", "noindex")
	x.w.WriteHeader(status)
	_, err := fmt.Fprintf(x.w, "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\">\n<meta charset=\"utf-8\">\n"+
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n<style>%s</style>\n<main>%s</main>\n</html>\n",
		lang, dir, html.EscapeString(title), plainStyle, body)
	return err
}

// orPage is signedIn for a file that links in mails have led to. A browser that comes from elsewhere has no session
// here (the cookie is SameSite=Strict) and must not show JSON: it goes to the page that hands the file over.
func (s *Server) orPage(page func(*exchange) string, do func(*exchange, domain.Actor) error) func(*exchange) error {
	with := s.signedIn(do)
	return func(x *exchange) error {
		err := with(x)
		site := x.r.Header.Get("Sec-Fetch-Site")
		if err == nil || x.status != 0 || x.r.Header.Get("Sec-Fetch-Mode") != "navigate" || site == "same-origin" || site == "" {
			return err
		}
		http.Redirect(x.w, x.r, page(x), http.StatusSeeOther)
		return nil
	}
}

func filePage(x *exchange) string { return "/files/" + url.PathEscape(x.path("attachment")) }

func exportPage(x *exchange) string {
	return "/staff/exports?fetch=" + url.QueryEscape(x.path("export"))
}
