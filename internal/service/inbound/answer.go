package inbound

import (
	"context"
	"strings"
	"time"

	"crier/internal/channel"
	"crier/internal/domain"
)

const (
	answersMost = 200              // that wait to be sent
	answerTime  = 30 * time.Second // for one to be handed over
	answerEvery = 24 * time.Hour   // at most one that replies are closed, to one person
)

// answer is one text of the server's own.
type answer struct {
	by channel.Sender
	o  channel.Outgoing
}

// answering hands over the server's own answers, one by one. They are a courtesy: one that fails is not tried again.
func (s *Service) answering(ctx context.Context) {
	for {
		select {
		case a := <-s.answers:
			one, cancel := context.WithTimeout(ctx, answerTime)
			if _, err := a.by.Send(one, a.o); err != nil {
				s.o.Log.Warn().Str("provider", a.by.Name()).Str("kind", string(channel.KindOf(err))).Msg("an automatic answer was not sent")
			}
			cancel()
		case <-ctx.Done():
			return
		}
	}
}

func (s *Service) answer(c domain.Channel, o channel.Outgoing) {
	by := s.o.Answers[c]
	if by == nil || o.Address == "" {
		return
	}
	o.Automatic = true
	select {
	case s.answers <- answer{by, o}:
	default:
		s.o.Log.Warn().Msg("too many automatic answers wait: one was left out")
	}
}

// sayClosed tells a person who wrote, politely, that replies are closed: at most once a day, and never to a program.
func (s *Service) sayClosed(ctx context.Context, in domain.Inbound, p domain.Correspondent, messageID string) {
	n, err := s.o.Store.ClosedSince(ctx, in.Organisation, p.No, in.ReceivedAt.Add(-answerEvery))
	if err != nil || n > 1 { // this one is stored already
		return
	}
	org, err := s.o.Store.Organisation(ctx, in.Organisation)
	if err != nil {
		return
	}
	w := wordsOf(p.Locale)
	o := channel.Outgoing{ID: in.ID, Name: p.Name, Locale: p.Locale, From: org.Name, Text: w.closed, Organisation: int64(org.ID), Person: int64(p.No), InReplyTo: messageID}
	switch in.Channel {
	case domain.ChannelEmail:
		o.Address, o.Subject = p.Email, w.subject
	case domain.ChannelSMS:
		if p.SMS != domain.ConsentIn {
			return
		}
		o.Address, o.Text = p.Phone, org.Name+": "+w.closed
	}
	s.answer(in.Channel, o)
}

// word is a text that answers a keyword.
type word int

const (
	wordStopped word = iota
	wordStarted
	wordHelp
)

// answerSMS answers a keyword. That a STOP was heard is said once although they have said stop: it confirms it.
func (s *Service) answerSMS(org domain.Organisation, in domain.Inbound, p domain.Correspondent, which word) {
	w := wordsOf(p.Locale)
	text := map[word]string{wordStopped: w.stopped, wordStarted: w.started, wordHelp: w.help}[which]
	s.answer(domain.ChannelSMS, channel.Outgoing{ID: in.ID, Address: p.Phone, Name: p.Name, Locale: p.Locale, From: org.Name, Text: org.Name + ": " + text,
		Organisation: int64(org.ID), Person: int64(p.No)})
}

type answerWords struct{ subject, closed, stopped, started, help string }

func wordsOf(locale string) answerWords {
	lang, _, _ := strings.Cut(strings.ToLower(locale), "-")
	if lang == "no" || lang == "nn" {
		lang = "nb"
	}
	if w, ok := answersIn[lang]; ok {
		return w
	}
	return answersIn["en"]
}

var answersIn = map[string]answerWords{
	"en": {"Your message", "Thank you for your message. Replies are closed here, so nobody will answer it.", "You will get no more SMS from us. Answer START to get them again.", "You will get SMS from us. Answer STOP to end that.", "Answer STOP to get no more SMS, START to get them again. Anything else reaches our staff."},
	"nb": {"Meldingen din", "Takk for meldingen. Det er ikke mulig å svare her lenger, så den blir ikke besvart.", "Du får ikke flere SMS fra oss. Svar START for å få dem igjen.", "Du får SMS fra oss. Svar STOPP for å avslutte.", "Svar STOPP for å ikke få flere SMS, START for å få dem igjen. Alt annet når våre ansatte."},
	"sv": {"Ditt meddelande", "Tack för ditt meddelande. Det går inte längre att svara här, så det kommer inte att besvaras.", "Du får inga fler SMS från oss. Svara START för att få dem igen.", "Du får SMS från oss. Svara STOPP för att avsluta.", "Svara STOPP för att inte få fler SMS, START för att få dem igen. Allt annat når vår personal."},
	"fr": {"Votre message", "Merci pour votre message. Les réponses sont closes ici : personne n’y répondra.", "Vous ne recevrez plus de SMS de notre part. Répondez START pour en recevoir à nouveau.", "Vous recevrez nos SMS. Répondez STOP pour y mettre fin.", "Répondez STOP pour ne plus recevoir de SMS, START pour en recevoir à nouveau. Tout autre message parvient à notre équipe."},
	"de": {"Ihre Nachricht", "Danke für Ihre Nachricht. Antworten sind hier geschlossen, daher wird sie nicht beantwortet.", "Sie erhalten keine SMS mehr von uns. Antworten Sie START, um sie wieder zu erhalten.", "Sie erhalten SMS von uns. Antworten Sie STOP, um das zu beenden.", "Antworten Sie STOP, um keine SMS mehr zu erhalten, START, um sie wieder zu erhalten. Alles andere erreicht unser Team."},
	"ar": {"رسالتك", "شكرًا على رسالتك. الردود مغلقة هنا، لذلك لن يتم الرد عليها.", "لن تصلك رسائل نصية منا بعد الآن. أرسل ابدأ لاستلامها من جديد.", "ستصلك رسائل نصية منا. أرسل توقف لإيقافها.", "أرسل توقف لإيقاف الرسائل النصية، أو ابدأ لاستلامها من جديد. وكل ما عدا ذلك يصل إلى فريقنا."},
}
