package email

import (
	"strconv"
	"strings"
	"unicode"

	"crier/internal/shorten"
)

// Words are the fixed words of mails in one language. %s stands for a name, %n for a number.
type Words struct {
	Lang string // BCP 47
	Dir  string // ltr or rtl

	Hello      string // %s: the recipient
	From       string // %s: the sender's name
	About      string // %s: the group
	NoSubject  string // %s: the organisation
	Open       string // the link to the conversation
	Answer     string // one may answer by mail, or in the conversation
	AnswerMail string // one may answer by mail alone
	NoAnswer   string // one may not
	Files      string // above what is linked to
	FilesOnce  string // below what is linked to, where each link works once; %s: until when
	Footer     string // %s: the organisation

	NewOne   string // subject of a notification; %s: the organisation
	NewMany  string // %n conversations, %s: the organisation
	NewIntro string
	NewMore  string // %n more
	Inbox    string // the link to all
	StopLine string // below: how to end these mails
	Stopped  string // they have ended

	Mentioned   string // subject of a mail about mentions; %s: the organisation
	MentionedBy string // %by: a colleague, %s: whose conversation
	MentionsAll string // the link to all

	ExportReady string // subject
	ExportIntro string
	ExportUntil string // %s: a date
	ExportOpen  string

	Download DownloadWords
}

// DownloadWords are the words of the page that a link to a file leads to. %s stands for the organisation, in Once
// for a time.
type DownloadWords struct {
	Title       string
	From        string
	Button      string
	Once        string
	Used        string
	Expired     string
	Unknown     string
	Gone        string
	Unavailable string
}

var languages = map[string]*Words{
	"en": {
		Lang: "en", Dir: "ltr",
		Hello: "Hello %s,", From: "From: %s", About: "About: %s", NoSubject: "Message from %s", Open: "Open the conversation",
		Answer: "You can answer this email, or write in the conversation.", AnswerMail: "You can answer this email.", NoAnswer: "Answers to this email are not read.",
		Files: "Files that are too large for an email:", FilesOnce: "Each link works once, until %s.", Footer: "Sent by %s.",
		Download: DownloadWords{
			Title:       "Download a file",
			From:        "From %s",
			Button:      "Download",
			Once:        "The link works once, until %s.",
			Used:        "This file has been downloaded by this link already. Ask %s to send it again.",
			Expired:     "This link has expired. Ask %s to send the file again.",
			Unknown:     "This link does not lead to a file. Check that you copied all of it.",
			Gone:        "The file is no longer available.",
			Unavailable: "The file cannot be fetched at the moment. Please try again in a few minutes.",
		},
		NewOne: "A new reply at %s", NewMany: "%n conversations with new replies at %s", NewIntro: "New replies wait for you:", NewMore: "and %n more",
		Inbox: "Open Messages", StopLine: "Do not send me these emails", Stopped: "You get no more of these emails.",
		Mentioned: "A colleague mentioned you at %s", MentionedBy: "%by mentioned you in a note on %s:", MentionsAll: "All mentions",
		ExportReady: "Your export is ready", ExportIntro: "The export that you asked for is ready to download.", ExportUntil: "The link works until %s.", ExportOpen: "Download the export",
	},
	"nb": {
		Lang: "nb", Dir: "ltr",
		Hello: "Hei %s,", From: "Fra: %s", About: "Gjelder: %s", NoSubject: "Melding fra %s", Open: "Åpne samtalen",
		Answer: "Du kan svare på denne e-posten, eller skrive i samtalen.", AnswerMail: "Du kan svare på denne e-posten.", NoAnswer: "Svar på denne e-posten blir ikke lest.",
		Files: "Filer som er for store for en e-post:", FilesOnce: "Hver lenke virker én gang, til %s.", Footer: "Sendt av %s.",
		Download: DownloadWords{
			Title:       "Last ned en fil",
			From:        "Fra %s",
			Button:      "Last ned",
			Once:        "Lenken virker én gang, til %s.",
			Used:        "Filen er allerede lastet ned med denne lenken. Be %s om å sende den på nytt.",
			Expired:     "Lenken er utløpt. Be %s om å sende filen på nytt.",
			Unknown:     "Denne lenken fører ikke til en fil. Sjekk at du fikk med hele lenken.",
			Gone:        "Filen er ikke lenger tilgjengelig.",
			Unavailable: "Filen kan ikke hentes akkurat nå. Prøv igjen om noen minutter.",
		},
		NewOne: "Et nytt svar hos %s", NewMany: "%n samtaler med nye svar hos %s", NewIntro: "Nye svar venter på deg:", NewMore: "og %n til",
		Inbox: "Åpne Meldinger", StopLine: "Ikke send meg slike e-poster", Stopped: "Du får ikke flere slike e-poster.",
		Mentioned: "En kollega har nevnt deg hos %s", MentionedBy: "%by har nevnt deg i et notat om %s:", MentionsAll: "Alle omtaler",
		ExportReady: "Eksporten din er klar", ExportIntro: "Eksporten du ba om, kan nå lastes ned.", ExportUntil: "Lenken virker til %s.", ExportOpen: "Last ned eksporten",
	},
	"sv": {
		Lang: "sv", Dir: "ltr",
		Hello: "Hej %s,", From: "Från: %s", About: "Gäller: %s", NoSubject: "Meddelande från %s", Open: "Öppna konversationen",
		Answer: "Du kan svara på det här mejlet eller skriva i konversationen.", AnswerMail: "Du kan svara på det här mejlet.", NoAnswer: "Svar på det här mejlet läses inte.",
		Files: "Filer som är för stora för ett mejl:", FilesOnce: "Varje länk fungerar en gång, till %s.", Footer: "Skickat av %s.",
		Download: DownloadWords{
			Title:       "Ladda ner en fil",
			From:        "Från %s",
			Button:      "Ladda ner",
			Once:        "Länken fungerar en gång, till %s.",
			Used:        "Filen har redan laddats ner med den här länken. Be %s att skicka den igen.",
			Expired:     "Länken har gått ut. Be %s att skicka filen igen.",
			Unknown:     "Den här länken leder inte till någon fil. Kontrollera att du fick med hela länken.",
			Gone:        "Filen är inte längre tillgänglig.",
			Unavailable: "Filen kan inte hämtas just nu. Försök igen om några minuter.",
		},
		NewOne: "Ett nytt svar hos %s", NewMany: "%n konversationer med nya svar hos %s", NewIntro: "Nya svar väntar på dig:", NewMore: "och %n till",
		Inbox: "Öppna Meddelanden", StopLine: "Skicka mig inte sådana mejl", Stopped: "Du får inga fler sådana mejl.",
		Mentioned: "En kollega har nämnt dig hos %s", MentionedBy: "%by har nämnt dig i en anteckning om %s:", MentionsAll: "Alla omnämnanden",
		ExportReady: "Din export är klar", ExportIntro: "Exporten som du bad om kan nu laddas ner.", ExportUntil: "Länken fungerar till %s.", ExportOpen: "Ladda ner exporten",
	},
	"fr": {
		Lang: "fr", Dir: "ltr",
		Hello: "Bonjour %s,", From: "De : %s", About: "Concerne : %s", NoSubject: "Message de %s", Open: "Ouvrir la conversation",
		Answer: "Vous pouvez répondre à cet e-mail ou écrire dans la conversation.", AnswerMail: "Vous pouvez répondre à cet e-mail.", NoAnswer: "Les réponses à cet e-mail ne sont pas lues.",
		Files: "Fichiers trop volumineux pour un e-mail :", FilesOnce: "Chaque lien fonctionne une seule fois, jusqu’au %s.", Footer: "Envoyé par %s.",
		Download: DownloadWords{
			Title:       "Télécharger un fichier",
			From:        "De %s",
			Button:      "Télécharger",
			Once:        "Le lien fonctionne une seule fois, jusqu’au %s.",
			Used:        "Ce fichier a déjà été téléchargé avec ce lien. Demandez à %s de le renvoyer.",
			Expired:     "Ce lien a expiré. Demandez à %s de renvoyer le fichier.",
			Unknown:     "Ce lien ne mène à aucun fichier. Vérifiez que vous l’avez copié en entier.",
			Gone:        "Le fichier n’est plus disponible.",
			Unavailable: "Le fichier ne peut pas être récupéré pour le moment. Réessayez dans quelques minutes.",
		},
		NewOne: "Une nouvelle réponse chez %s", NewMany: "%n conversations avec de nouvelles réponses chez %s", NewIntro: "De nouvelles réponses sont arrivées :", NewMore: "et %n de plus",
		Inbox: "Ouvrir les messages", StopLine: "Ne plus m’envoyer ces e-mails", Stopped: "Vous ne recevrez plus ces e-mails.",
		Mentioned: "Un collègue vous a mentionné chez %s", MentionedBy: "%by vous a mentionné dans une note sur %s :", MentionsAll: "Toutes les mentions",
		ExportReady: "Votre export est prêt", ExportIntro: "L’export que vous avez demandé peut être téléchargé.", ExportUntil: "Le lien fonctionne jusqu’au %s.", ExportOpen: "Télécharger l’export",
	},
	"ar": {
		Lang: "ar", Dir: "rtl",
		Hello: "مرحبًا %s،", From: "من: %s", About: "بخصوص: %s", NoSubject: "رسالة من %s", Open: "افتح المحادثة",
		Answer: "يمكنك الرد على هذا البريد أو الكتابة في المحادثة.", AnswerMail: "يمكنك الرد على هذا البريد.", NoAnswer: "لا تُقرأ الردود على هذا البريد.",
		Files: "ملفات أكبر من أن تُرسل بالبريد:", FilesOnce: "يعمل كل رابط مرة واحدة، حتى %s.", Footer: "أرسلته %s.",
		Download: DownloadWords{
			Title:       "تنزيل ملف",
			From:        "من %s",
			Button:      "تنزيل",
			Once:        "يعمل الرابط مرة واحدة، حتى %s.",
			Used:        "نُزِّل هذا الملف بهذا الرابط من قبل. اطلب من %s إرساله مرة أخرى.",
			Expired:     "انتهت صلاحية هذا الرابط. اطلب من %s إرسال الملف مرة أخرى.",
			Unknown:     "لا يؤدي هذا الرابط إلى ملف. تأكد من نسخه كاملًا.",
			Gone:        "لم يعد الملف متاحًا.",
			Unavailable: "لا يمكن جلب الملف حاليًا. حاول مرة أخرى بعد بضع دقائق.",
		},
		NewOne: "رد جديد لدى %s", NewMany: "عدد المحادثات التي فيها ردود جديدة لدى %s: %n", NewIntro: "ردود جديدة في انتظارك:", NewMore: "وأيضًا %n",
		Inbox: "افتح الرسائل", StopLine: "لا ترسلوا إليّ هذه الرسائل", Stopped: "لن تصلك هذه الرسائل بعد الآن.",
		Mentioned: "أشار إليك زميل لدى %s", MentionedBy: "أشار إليك %by في ملاحظة عن %s:", MentionsAll: "كل الإشارات",
		ExportReady: "ملف التصدير جاهز", ExportIntro: "ملف التصدير الذي طلبته جاهز للتنزيل.", ExportUntil: "يعمل الرابط حتى %s.", ExportOpen: "تنزيل ملف التصدير",
	},
}

// WordsOf returns the words of a locale as in nb-NO; English for what is not known.
func WordsOf(locale string) *Words {
	lang, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(locale), "_", "-"), "-")
	switch lang {
	case "no", "nn":
		lang = "nb"
	}
	if w := languages[lang]; w != nil {
		return w
	}
	return languages["en"]
}

// Say fills in a name.
func Say(text, name string) string { return strings.ReplaceAll(text, "%s", name) }

// Count fills in a number, then a name.
func Count(text string, n int, name string) string {
	return Say(strings.ReplaceAll(text, "%n", strconv.Itoa(n)), name)
}

// line makes text safe for a header and fit for one line: no control characters, no line or paragraph separators, no
// marks that turn the direction of what follows, one space where there were several; at most most characters.
func line(text string, most int) string {
	fields := strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
	})
	return shorten.Text(strings.Join(fields, " "), most)
}
