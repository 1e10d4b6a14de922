package inbound

import (
	"context"
	"strings"
	"time"

	"crier/internal/domain"
)

const (
	answerExpires = 6 * time.Hour    // what could not go by then is no answer any more
	closedEvery   = 24 * time.Hour   // at most one that replies are closed, to one person
	helpEvery     = 10 * time.Minute // the same for HELP
)

// answer has the server's own answer to what came in sent as copies are: it is stored before this returns, tried again, and stands among the deliveries.
// Once however often in is dealt with, and at most once in every. Errors: Unavailable: in must come again.
func (s *Service) answer(ctx context.Context, in domain.Inbound, p domain.Correspondent, every time.Duration, a domain.AnswerPayload) error {
	if !s.o.Answers[in.Channel] || a.To == "" {
		return nil
	}
	since, now := time.Time{}, s.o.Clock.Now()
	if every > 0 {
		since = now.Add(-every)
	}
	queued, err := s.o.Store.QueueAnswer(ctx, in.Organisation, p.No, in.Channel, in.ID, a, since, now.Add(answerExpires))
	if queued && s.o.Queued != nil {
		s.o.Queued()
	}
	return err
}

// sayClosed tells a person who wrote, politely, that replies are closed: at most once a day, and never to a program.
func (s *Service) sayClosed(ctx context.Context, in domain.Inbound, p domain.Correspondent, messageID string) error {
	org, err := s.o.Store.Organisation(ctx, in.Organisation)
	if err != nil {
		return err
	}
	w := wordsOf(p.Locale)
	a := domain.AnswerPayload{Says: domain.AnswerClosed, To: p.Email, Subject: w.subject, Text: w.closed, InReplyTo: messageID}
	if in.Channel == domain.ChannelSMS {
		if p.SMS != domain.ConsentIn {
			return nil
		}
		a = domain.AnswerPayload{Says: domain.AnswerClosed, To: p.Phone, Text: org.Name + ": " + w.closed}
	}
	return s.answer(ctx, in, p, closedEvery, a)
}

// answerSMS answers a keyword. That a STOP was heard is said once although they have said stop: it confirms it.
func (s *Service) answerSMS(ctx context.Context, org domain.Organisation, in domain.Inbound, p domain.Correspondent, says domain.AnswerKind) error {
	w, every := wordsOf(p.Locale), time.Duration(0)
	text := map[domain.AnswerKind]string{domain.AnswerStopped: w.stopped, domain.AnswerStarted: w.started, domain.AnswerHelp: w.help}[says]
	if says == domain.AnswerHelp {
		every = helpEvery
	}
	return s.answer(ctx, in, p, every, domain.AnswerPayload{Says: says, To: p.Phone, Text: org.Name + ": " + text})
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
