package mailin

import (
	"strings"
	"testing"
)

func TestCut(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing to cut", "Hello\n\nI come.\n", "Hello\n\nI come."},
		{"gmail, English", "Yes.\n\nOn Tue, May 5, 2026 at 10:12 AM Hall A <r@mail.example.org> wrote:\n\n> Can you?\n", "Yes."},
		{"gmail, broken over lines", "Yes.\n\nOn Tue, May 5, 2026 at 10:12 AM Hall A with a long name\n<reply+aaaaaaaaaaaaaaaaaaaaaaaa@mail.example.org>\nwrote:\n\n> Can you?\n", "Yes."},
		{"gmail, Norwegian", "Ja.\n\ntir. 5. mai 2026 kl. 10:12 skrev Hall A <r@mail.example.org>:\n\n> Kan du?\n", "Ja."},
		{"gmail, Swedish", "Ja.\n\nDen tis 5 maj 2026 kl 10:12 skrev Hall A <r@mail.example.org>:\n\n> Kan du?\n", "Ja."},
		{"gmail, French", "Oui.\n\nLe mar. 5 mai 2026 à 10:12, Hall A <r@mail.example.org> a écrit :\n\n> Pouvez-vous ?\n", "Oui."},
		{"gmail, German", "Ja.\n\nAm Di., 5. Mai 2026 um 10:12 Uhr schrieb Hall A <r@mail.example.org>:\n\n> Können Sie?\n", "Ja."},
		{"gmail, Arabic", "نعم.\n\n\u202bفي الثلاثاء، 5 مايو 2026 في 10:12 ص تمت كتابة ما يلي بواسطة \u202aHall A\u202c\u200f <\u202ar@mail.example.org\u202c\u200f>:\u202c\n\n> هل يمكنك؟\n", "نعم."},
		{"apple, English", "Yes\n\n> On 5 May 2026, at 10:12, Hall A <r@mail.example.org> wrote:\n> \n> Can you?\n", "Yes"},
		{"apple, Norwegian", "Ja\n\nSendt fra min iPhone\n\n> 5. mai 2026 kl. 10:12 skrev Hall A <r@mail.example.org>:\n> \n> Kan du?\n", "Ja"},
		{"apple, French", "Oui\n\nEnvoyé de mon iPhone\n\n> Le 5 mai 2026 à 10:12, Hall A <r@mail.example.org> a écrit :\n> \n> Pouvez-vous ?\n", "Oui"},
		{"apple, German", "Ja\n\nVon meinem iPhone gesendet\n\n> Am 05.05.2026 um 10:12 schrieb Hall A <r@mail.example.org>:\n> \n> Können Sie?\n", "Ja"},
		{"thunderbird, Norwegian", "Ja\n\nDen 05.05.2026 10:12, skrev Hall A:\n> Kan du?\n", "Ja"},
		{"thunderbird, Swedish", "Ja\n\nDen 2026-05-05 kl. 10:12, skrev Hall A:\n> Kan du?\n", "Ja"},
		{"thunderbird, French", "Oui\n\nLe 05/05/2026 à 10:12, Hall A a écrit :\n> Pouvez-vous ?\n", "Oui"},
		{"thunderbird, below", "On 5/5/26 10:12, Hall A wrote:\n> Can you?\n\nYes, I can.\n\n-- \nSara\n", "Yes, I can."},
		{"between", "On 5/5/26 10:12, Hall A wrote:\n> Monday?\nYes.\n> Tuesday?\nNo.\n", "Yes.\nNo."},
		{"outlook, English", "Yes\n\n________________________________\nFrom: Hall A <r@mail.example.org>\nSent: Tuesday, May 5, 2026 10:12 AM\nTo: Sara\nSubject: Shift\n\nCan you?\n", "Yes"},
		{"outlook, Norwegian", "Ja\n\nFra: Hall A <r@mail.example.org>\nSendt: tirsdag 5. mai 2026 10:12\nTil: Sara\nEmne: Vakt\n\nKan du?\n", "Ja"},
		{"outlook, Swedish", "Ja\n\nFrån: Hall A\nSkickat: den 5 maj 2026 10:12\nTill: Sara\nÄmne: Pass\n\nKan du?\n", "Ja"},
		{"outlook, French", "Oui\n\nDe : Hall A\nEnvoyé : mardi 5 mai 2026 10:12\nÀ : Sara\nObjet : Poste\n\nPouvez-vous ?\n", "Oui"},
		{"outlook, German", "Ja\n\nVon: Hall A\nGesendet: Dienstag, 5. Mai 2026 10:12\nAn: Sara\nBetreff: Schicht\n\nKönnen Sie?\n", "Ja"},
		{"outlook, Arabic", "نعم\n\nمن: Hall A\nتاريخ الإرسال: 05 مايو 2026\nإلى: Sara\nالموضوع: مناوبة\n\nهل يمكنك؟\n", "نعم"},
		{"outlook, older", "Yes\n\n-----Original Message-----\nFrom: Hall A\nCan you?\n", "Yes"},
		{"older, Norwegian", "Ja\n-----Opprinnelig melding-----\nKan du?", "Ja"},
		{"older, Swedish", "Ja\n-----Ursprungligt meddelande-----\nKan du?", "Ja"},
		{"older, French", "Oui\n-----Message d'origine-----\nPouvez-vous ?", "Oui"},
		{"older, German", "Ja\n-----Ursprüngliche Nachricht-----\nKönnen Sie?", "Ja"},
		{"signature", "Yes\n-- \nSara Amin\n+47 40 61 23 45", "Yes"},
		{"signature without its space", "Yes\n--\nSara", "Yes"},
		{"outlook on a phone", "Yes\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Hall A <r@mail.example.org>\nSent: Tuesday\nTo: Sara\nSubject: Shift\n", "Yes"},
		{"a phone, Swedish", "Ja\n\nSkickat från min iPhone", "Ja"},
		{"a phone, Arabic", "نعم\n\nأُرسلت من الـ iPhone", "نعم"},
		{"a sentence that begins like one", "On Monday 5 May I wrote: I cannot come.\nIs that fine?", "On Monday 5 May I wrote: I cannot come.\nIs that fine?"},
		{"what somebody wrote", "On the 5th Anna wrote:\nCome at nine.\nIs it so?", "On the 5th Anna wrote:\nCome at nine.\nIs it so?"},
		{"a list of fields that is none", "From: Oslo\nI take the train.", "From: Oslo\nI take the train."},
		{"a phone in the middle", "Sent from my old address first.\nThen again.\nAnd again.\nAnd more.", "Sent from my old address first.\nThen again.\nAnd again.\nAnd more."},
		{"nothing but a quotation", "> Can you?", "> Can you?"},
		{"nothing but what is answered", "On 5/5/26 10:12, Hall A wrote:\n> Can you?", "On 5/5/26 10:12, Hall A wrote:\n> Can you?"},
		{"nothing", "", ""},
	} {
		if got := Cut(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("Yes.\n\nOn Tue, May 5, 2026 Hall A <r@m.org> wrote:\n\n> Can you?\n")
	f.Add("From: a\nSent: b\nTo: c\n-- \n>")
	f.Fuzz(func(t *testing.T, text string) {
		got := Cut(text)
		if len(got) > len(text) {
			t.Errorf("%q became longer: %q", text, got)
		}
		if strings.TrimSpace(text) != "" && got == "" {
			t.Errorf("nothing is left of %q", text)
		}
	})
}
