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
		{"gmail, Italian", "Sì.\n\nIl giorno lun 30 nov 2026 alle ore 10:12 Hall A <r@mail.example.org> ha scritto:\n\n> Puoi?\n", "Sì."},
		{"gmail, Portuguese", "Sim.\n\nHall A <r@mail.example.org> escreveu (segunda, 30/11/2026 à(s) 10:12):\n\n> Pode?\n", "Sim."},
		{"gmail, Russian", "Да.\n\nпн, 30 нояб. 2026 г. в 10:12, Hall A <r@mail.example.org>:\n\n> Можете?\n", "Да."},
		{"gmail, Ukrainian", "Так.\n\nпн, 30 лист. 2026 р. о 10:12 Hall A <r@mail.example.org> пише:\n\n> Можете?\n", "Так."},
		{"gmail, Japanese", "はい。\n\n2026年11月30日(月) 10:12 Hall A <r@mail.example.org>:\n\n> 来られますか。\n", "はい。"},
		{"gmail, Danish", "Ja.\n\nman. 30. nov. 2026 kl. 10.12 skrev Hall A <r@mail.example.org>:\n\n> Kan du?\n", "Ja."},
		{"thunderbird, Finnish", "Kyllä.\n\nHall A kirjoitti 30.11.2026 klo 10.12:\n> Voitko?\n", "Kyllä."},
		{"thunderbird, Dutch", "Ja.\n\nOp 30-11-2026 om 10:12 schreef Hall A:\n> Kunt u?\n", "Ja."},
		{"thunderbird, Polish", "Tak.\n\nW dniu 30.11.2026 o 10:12, Hall A pisze:\n> Czy możesz?\n", "Tak."},
		{"outlook, Spanish", "Sí.\n\nDe: Hall A <r@mail.example.org>\nEnviado: lunes, 30 de noviembre de 2026 10:12\nPara: Mina\nAsunto: Turno\n\n¿Puede?\n", "Sí."},
		{"outlook, Dutch", "Ja.\n\nVan: Hall A <r@mail.example.org>\nVerzonden: maandag 30 november 2026 10:12\nAan: Mina\nOnderwerp: Dienst\n\nKunt u?\n", "Ja."},
		{"outlook, Italian", "Sì.\n\nDa: Hall A <r@mail.example.org>\nInviato: lunedì 30 novembre 2026 10:12\nA: Mina\nOggetto: Turno\n\nPuò?\n", "Sì."},
		{"outlook, Polish", "Tak.\n\nOd: Hall A <r@mail.example.org>\nWysłano: poniedziałek, 30 listopada 2026 10:12\nDo: Mina\nTemat: Zmiana\n\nCzy możesz?\n", "Tak."},
		{"outlook, Russian", "Да.\n\nОт: Hall A <r@mail.example.org>\nОтправлено: 30 ноября 2026 г. 10:12\nКому: Mina\nТема: Смена\n\nМожете?\n", "Да."},
		{"outlook, Turkish, which nobody here knows", "Evet.\n\nKimden: Hall A <r@mail.example.org>\nGönderildi: 30 Kasım 2026 Pazartesi 10:12\nKime: Mina\nKonu: Vardiya\n\nGelebilir misin?\n", "Evet."},
		{"a separator in a language that nobody here knows", "Evet.\n\n-------- Orijinal ileti --------\nKimden: Hall A <r@mail.example.org>\nTarih: 30.11.2026 10:12 (GMT+01:00)\nKime: mina@example.org\nKonu: Vardiya\n\nGelebilir misin?\n", "Evet."},
		{"a reply within a thread", "No.\n\nOn 30 Nov 2026 at 11:00, Hall A <r@mail.example.org> wrote:\n\n> Sure?\n>\n> On 30 Nov 2026 at 10:30, Mina <mina@example.org> wrote:\n>\n>> Yes.\n", "No."},
		{"forwarded, apple", "See below.\n\nBegin forwarded message:\n\n> From: Dr Berg <berg@clinic.example>\n> Subject: Certificate\n> Date: 30 November 2026 at 09:00:00 CET\n> To: Mina <mina@example.org>\n>\n> Mina is ill.\n", "See below.\n\nBegin forwarded message:\n\n> From: Dr Berg <berg@clinic.example>\n> Subject: Certificate\n> Date: 30 November 2026 at 09:00:00 CET\n> To: Mina <mina@example.org>\n>\n> Mina is ill."},
		{"forwarded, a separator nobody here knows", "Bak.\n\n---------- Yönlendirilmiş ileti ---------\nKimden: Dr Berg <berg@clinic.example>\nTarih: 30 Kas 2026 Pzt 09:00\nKonu: Rapor\nTo: Mina <mina@example.org>\n\nMina hasta.\n", "Bak.\n\n---------- Yönlendirilmiş ileti ---------\nKimden: Dr Berg <berg@clinic.example>\nTarih: 30 Kas 2026 Pzt 09:00\nKonu: Rapor\nTo: Mina <mina@example.org>\n\nMina hasta."},
		{"a head in one line", "Yes.\n\nDate: Mon, 30 Nov 2026 10:12:10 +0000 From: r@mail.example.org To: Haugen, Mina Subject: Shift\n\nCan you?\n", "Yes."},
		{"outlook, Brazilian", "Sim.\n\nDe: r@mail.example.org\nEnviada em: segunda-feira, 30 de novembro de 2026 10:12\nPara: mina@example.org\nAssunto: Turno\n\nPode?\n", "Sim."},
		{"far from what it quotes", "Yes.\n\nOn Nov 30, 2026, at 10:12, Hall A<r@mail.example.org> wrote:\n\n\n\n\n> Can you?\n", "Yes."},
		{"a card of one's own", "Please change my address.\n\nName: Mina Haugen\nEmail: mina@example.org\nBorn: 03.12.2001\nPhone: 40612345\n\nThank you!\n", "Please change my address.\n\nName: Mina Haugen\nEmail: mina@example.org\nBorn: 03.12.2001\nPhone: 40612345\n\nThank you!"},
		{"a long text below a signature's mark", "Hello\n-- \n" + strings.Repeat("A sentence that matters.\n", 20), "Hello\n-- \n" + strings.TrimSpace(strings.Repeat("A sentence that matters.\n", 20))},
		{"a time before a list", "I can come at these times, 30.11.2026 10:12:\n- nine\n- ten", "I can come at these times, 30.11.2026 10:12:\n- nine\n- ten"},
		{"nothing but a quotation", "> Can you?", "> Can you?"},
		{"nothing but what is answered", "On 5/5/26 10:12, Hall A wrote:\n> Can you?", "On 5/5/26 10:12, Hall A wrote:\n> Can you?"},
		{"nothing", "", ""},
	} {
		if got := Cut(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestPassedOn: what tells an answer from a mail that is passed on, where both look alike.
func TestPassedOn(t *testing.T) {
	mail := func(from, to string) string {
		return "Hello.\n\n________________________________\nFrom: " + from + "\nSent: Monday, 30 November 2026 09:00\nTo: " + to + "\nSubject: Certificate\n\nOf another mail.\n"
	}
	for _, c := range []struct {
		name, text string
		passed     bool
	}{
		{"from us", mail("Hall A <office@uni.example>", "Mina <mina@example.org>"), false},
		{"to us", mail("Mina <mina@example.org>", "Hall A <office@uni.example>"), false},
		{"from an address of an answer", mail("Hall A <reply+abc@mail.example.org>", "Mina"), false},
		{"from a doctor", mail("Dr Berg <berg@clinic.example>", "Mina <mina@example.org>"), true},
		{"from a colleague in our own domain", mail("Dean <dean@uni.example>", "Mina <mina@example.org>"), true},
	} {
		m, err := ParseFor([]byte("From: mina@example.org\r\nTo: office@uni.example\r\n\r\n"+c.text), func(a string) bool { return a == "office@uni.example" })
		if err != nil || strings.Contains(m.Reply, "Of another mail.") != c.passed || !strings.HasPrefix(m.Reply, "Hello.") {
			t.Errorf("%s: %q, %v", c.name, m.Reply, err)
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
