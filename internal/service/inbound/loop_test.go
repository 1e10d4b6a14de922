package inbound_test

import (
	"path/filepath"
	"strings"
	"testing"

	"crier/internal/channel/email"
	"crier/internal/channel/mailin"
	"crier/internal/domain"
)

// TestOwnAnswerComesBack: what the server itself answers says that a program wrote it and whose it is, so that it starts no
// exchange of answers: it is refused at the door, and were it let in, nobody would be answered.
func TestOwnAnswerComesBack(t *testing.T) {
	h := newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))
	h.say("sara", domain.ChannelEmail)
	state := domain.EnrolmentDeclined
	_, _, err := h.store.UpsertEnrolments(t.Context(), domain.System(h.org.ID), []domain.EnrolmentSpec{{Where: anywhere, Kind: domain.KindJob, Exam: "P", Person: "sara", State: &state}})
	h.must(err)
	h.must(h.mail(h.reply("sara"), mailFrom("sara@example.org", "1@x", "", "Why?")))
	ours := h.answers(1)[0]
	c := email.Composer{From: "crier@mail.example.org", Clock: h.clock}
	composed, err := c.Compose(t.Context(), ours)
	h.must(err)
	raw, err := composed.Raw()
	h.must(err)
	m, err := mailin.Parse(raw)
	h.must(err)
	if !m.Loop || m.Auto == mailin.AutoNone || !m.NoAnswer {
		t.Errorf("it does not say what it is: loop %v, %q, %v\n%s", m.Loop, m.Auto, m.NoAnswer, raw)
	}
	// A forwarding program takes our mark away and puts her address on it.
	text := string(raw)
	for _, line := range strings.Split(text, "\r\n") {
		if strings.HasPrefix(line, mailin.OwnHeader+":") || strings.HasPrefix(line, "From:") {
			text = strings.Replace(text, line+"\r\n", "", 1)
		}
	}
	h.must(h.mail(h.reply("sara"), "From: sara@example.org\r\n"+text))
	h.answers(0)
	if got := h.waiting(); len(got) != 2 || !strings.HasPrefix(got[1], "auto: ") {
		t.Errorf("%q", got)
	}
}

// TestSameIDOtherWords: a mail that comes a second time is one; another one under the same id, as careless programs make them, is kept too.
func TestSameIDOtherWords(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelEmail)
		to := h.reply("sara")
		file := func(bytes string) string {
			return mailFrom("sara@example.org", "1@x", "Content-Type: multipart/mixed; boundary=b\r\n", "--b\r\nContent-Type: text/plain\r\n\r\nMy plan\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\n"+bytes+"\r\n--b--\r\n")
		}
		for range 2 {
			for _, raw := range []string{mailFrom("sara@example.org", "1@x", "", "One"), "Received: by another way\r\n" + mailFrom("sara@example.org", "1@x", "", "One"), mailFrom("sara@example.org", "1@x", "", "Two"), file("A"), file("B")} {
				h.must(h.mail(to, raw))
			}
		}
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|One|", "Pool|Re: Shift|Two|", "Pool|Re: Shift|My plan|+a.txt", "Pool|Re: Shift|My plan|+a.txt")
	})
}
