package mailin

import (
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

const head = "From: Sara Amin <sara@example.org>\r\nTo: reply+x@mail.example.org\r\nSubject: Re: Shift\r\nMessage-ID: <1@example.org>\r\nDate: Tue, 5 May 2026 10:12:00 +0200\r\nMIME-Version: 1.0\r\n"

func mailOf(header, body string) []byte {
	return []byte(head + header + "\r\n" + strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n"))
}

func coded(t testing.TB, e encoding.Encoding, s string) string {
	t.Helper()
	out, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func qp(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// samples are mails in the shapes of many programs, and what they say.
func samples(t testing.TB) map[string]struct {
	raw   []byte
	reply string
	files []string
} {
	type sample = struct {
		raw   []byte
		reply string
		files []string
	}
	deep := "Content-Type: text/plain\n\ndeepest"
	for i := range 60 {
		deep = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n%s\n--b%d--\n", i, i, deep, i)
	}
	kind, deepBody, _ := strings.Cut(deep, "\n\n")
	return map[string]sample{
		"plain":          {mailOf("Content-Type: text/plain; charset=utf-8\r\n", "Yes, I can.\n"), "Yes, I can.", nil},
		"no type at all": {mailOf("", "Yes.\n"), "Yes.", nil},
		"gmail": {mailOf("Content-Type: multipart/alternative; boundary=\"0000a\"\r\n", "--0000a\nContent-Type: text/plain; charset=\"UTF-8\"\nContent-Transfer-Encoding: base64\n\n"+
			b64("Ja, det går fint 😀\n\nOn Tue, May 5, 2026 at 10:12 AM Hall A <reply+x@mail.example.org>\nwrote:\n\n> Can you come?\n> Anna\n")+"\n--0000a\nContent-Type: text/html; charset=\"UTF-8\"\n\n<div dir=\"ltr\">Ja</div>\n--0000a--\n"), "Ja, det går fint 😀", nil},
		"outlook, html alone":        {mailOf("Content-Type: text/html; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: quoted-printable\r\n", qp("<html><head><style>p{color:red}</style><title>x</title></head><body><p class=MsoNormal>Jeg kommer kl. 9.</p><p>Hilsen<br>Kari</p><div id=\"divRplyFwdMsg\"><b>Fra:</b> Hall A<br><b>Sendt:</b> tirsdag 5. mai 2026 10:12<br><b>Til:</b> Kari<br><b>Emne:</b> Vakt</div><div>Kan du?</div></body></html>")), "Jeg kommer kl. 9.\n\nHilsen\nKari", nil},
		"apple mail, inline picture": {mailOf("Content-Type: multipart/mixed; boundary=Apple-Mail-1\r\n", "--Apple-Mail-1\nContent-Type: text/plain; charset=us-ascii\n\nSee:\n\n--Apple-Mail-1\nContent-Disposition: inline; filename=IMG_1.png\nContent-Type: image/png; name=\"IMG_1.png\"\nContent-ID: <pic@1>\nContent-Transfer-Encoding: base64\n\n"+b64("png bytes")+"\n--Apple-Mail-1\nContent-Type: text/plain\n\nSent from my iPhone\n--Apple-Mail-1--\n"), "See:", []string{"IMG_1.png:image/png:9:inline"}},
		"thunderbird, flowed":        {mailOf("Content-Type: text/plain; charset=UTF-8; format=flowed\r\n", "This is one \nline.\n\nOn 5/5/26 10:12, Hall A wrote:\n> Can you \n> come?\n\n-- \nSara\n"), "This is one line.", nil},
		"windows-1252":               {mailOf("Content-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: 8bit\r\n", coded(t, charmap.Windows1252, "“Godt” – æøå €")), "“Godt” – æøå €", nil},
		"windows-1256":               {mailOf("Content-Type: text/plain; charset=windows-1256\r\nContent-Transfer-Encoding: base64\r\n", b64(coded(t, charmap.Windows1256, "نعم، سأحضر"))), "نعم، سأحضر", nil},
		"iso-2022-jp":                {mailOf("Content-Type: text/plain; charset=ISO-2022-JP\r\n", coded(t, japanese.ISO2022JP, "はい、行きます")), "はい、行きます", nil},
		"koi8-r":                     {mailOf("Content-Type: text/plain; charset=koi8-r\r\n", coded(t, charmap.KOI8R, "Да, приду")), "Да, приду", nil},
		"utf-16":                     {mailOf("Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n", b64(coded(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "Olá"))), "Olá", nil},
		"a charset nobody knows":     {mailOf("Content-Type: text/plain; charset=x-unknown\r\n", "Hello\n"), "Hello", nil},
		"latin bytes called utf-8":   {mailOf("Content-Type: text/plain; charset=utf-8\r\n", "bl\xe5b\xe6r\n"), "blåbær", nil},
		"names by RFC 2231 and 2047": {mailOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\nContent-Type: text/plain\n\nFiles\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename*=UTF-8''%C3%98vels%20plan.pdf\n\npdf\n--b\nContent-Type: application/pdf; name=\"=?UTF-8?B?"+b64("Räkning.pdf")+"?=\"\nContent-Disposition: attachment\n\npdf2\n--b\nContent-Type: text/plain; name=\"..\\..\\evil\x00.txt\"\nContent-Disposition: attachment; filename=\"../../../etc/evil.txt\"\n\nx\n--b--\n"), "Files",
			[]string{"Øvels plan.pdf:application/pdf:3:", "Räkning.pdf:application/pdf:4:", "evil.txt:text/plain:1:"}},
		"never closed":                      {mailOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\nContent-Type: text/plain\n\nStill there\n--b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\nQUJD"), "Still there", []string{"a.pdf:application/pdf:3:"}},
		"broken base64":                     {mailOf("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n", b64("Half of it")[:8]+"!!!!"), "Half o", nil},
		"an encoding nobody knows":          {mailOf("Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uue\r\n", "As it is\n"), "As it is", nil},
		"a boundary that is missing":        {mailOf("Content-Type: multipart/mixed\r\n", "Just text\n"), "Just text", nil},
		"lines in the header that are none": {[]byte("From sara Tue May  5\r\n" + head + "what is this\r\nContent-Type: text/plain\r\n\r\nHello\r\n"), "Hello", nil},
		"bare line feeds":                   {[]byte(strings.ReplaceAll(head, "\r\n", "\n") + "\nHello\nthere\n"), "Hello\nthere", nil},
		"a plain part that is empty":        {mailOf("Content-Type: multipart/alternative; boundary=b\r\n", "--b\nContent-Type: text/plain\n\n \n--b\nContent-Type: text/html\n\n<p>From the HTML</p>\n--b--\n"), "From the HTML", nil},
		"calendar and related":              {mailOf("Content-Type: multipart/mixed; boundary=m\r\n", "--m\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nIn the middle\n--a\nContent-Type: text/html\n\n<img src=\"cid:logo\">\n--a--\n--r\nContent-Type: image/gif\nContent-ID: <logo>\nContent-Transfer-Encoding: base64\n\nR0lG\n--r--\n--m\nContent-Type: text/calendar; name=invite.ics\n\nBEGIN:VCALENDAR\n--m--\n"), "In the middle", []string{":image/gif:3:inline", "invite.ics:text/calendar:15:"}},
		"too deep":                          {mailOf(strings.ReplaceAll(kind, "\n", "\r\n")+"\r\n", deepBody), "", nil},
		"an attached mail":                  {mailOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\nContent-Type: text/plain\n\nForwarded\n--b\nContent-Type: message/rfc822\n\nFrom: a@b\nSubject: inner\n\nInner text\n--b--\n"), "Forwarded", []string{"inner.eml:message/rfc822:39:"}},
	}
}

func TestParse(t *testing.T) {
	for name, c := range samples(t) {
		m, err := Parse(c.raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Reply != c.reply {
			t.Errorf("%s: %q, want %q (all of it: %q, damage %v)", name, m.Reply, c.reply, m.Text, m.Damage)
		}
		var files []string
		for _, f := range m.Files {
			s := fmt.Sprintf("%s:%s:%d:", f.Name, f.Type, len(f.Bytes))
			if f.Inline {
				s += "inline"
			}
			files = append(files, s)
		}
		if !reflect.DeepEqual(files, c.files) {
			t.Errorf("%s: files %q, want %q", name, files, c.files)
		}
		if m.From != "sara@example.org" || m.FromName != "Sara Amin" || m.Subject != "Re: Shift" || m.MessageID != "1@example.org" || m.Date.Unix() != 1777968720 || m.Auto != AutoNone || m.Bounce != nil || m.Loop {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestHead(t *testing.T) {
	for _, c := range []struct{ name, header, from, subject string }{
		{"encoded words", "From: =?iso-8859-1?Q?Bj=F8rn?= <b@example.org>\r\nSubject: =?UTF-8?B?" + b64("Svar på vakt") + "?=\r\n", "b@example.org", "Svar på vakt"},
		{"two authors are nobody", "From: a@example.org, b@example.org\r\n", "", ""},
		{"two fields: the first counts for no one else's address", "From: a@example.org\r\nFrom: b@example.org\r\n", "a@example.org", ""},
		{"a name that is an address", "From: \"boss@example.org\" <a@example.org>\r\n", "a@example.org", ""},
		{"a broken name", "From: Sara (she, her <a@example.org>\r\n", "a@example.org", ""},
		{"no author", "Subject: x\r\n", "", "x"},
		{"a subject over lines", "From: a@b.org\r\nSubject: one\r\n two\r\n", "a@b.org", "one two"},
		{"line breaks hidden in encoded words", "From: a@b.org\r\nSubject: =?UTF-8?Q?one=0D=0ABcc:_x@y?=\r\n", "a@b.org", "one Bcc: x@y"},
	} {
		m, err := Parse([]byte(c.header + "\r\nbody"))
		if err != nil || m.From != c.from || m.Subject != c.subject {
			t.Errorf("%s: %q %q %v", c.name, m.From, m.Subject, err)
		}
	}
	m, err := Parse([]byte("In-Reply-To: <a@b>\r\nReferences: <c@d>\r\n <e@f> junk <>\r\n" + strings.Repeat("Received: by x\r\n", 31) + OwnHeader + ": 1\r\n\r\n"))
	if err != nil || !reflect.DeepEqual(m.InReplyTo, []string{"a@b"}) || !reflect.DeepEqual(m.References, []string{"c@d", "e@f"}) || m.Received != 31 || !m.Loop {
		t.Errorf("%+v %v", m, err)
	}
}

// TestBombs: headers, parts and texts without end cost no more than their bounds.
func TestBombs(t *testing.T) {
	for name, raw := range map[string][]byte{
		"a header of 5 MB":         []byte(head + strings.Repeat("X-Fill: "+strings.Repeat("a", 900)+"\r\n", 6000) + "\r\nstill read\r\n"),
		"one line of 5 MB":         []byte(head + "X-Fill: " + strings.Repeat("a", 5<<20) + "\r\n\r\nstill read\r\n"),
		"a continuation of 5 MB":   []byte(head + "X-Fill: x\r\n" + strings.Repeat(" "+strings.Repeat("a", 900)+"\r\n", 6000) + "\r\nstill read\r\n"),
		"a hundred thousand parts": mailOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\n\nstill read\n"+strings.Repeat("--b\nContent-Type: image/png\n\n\n", 100000)+"--b--\n"),
	} {
		m, err := Parse(raw)
		if err != nil || m.Reply != "still read" || len(m.Files) > filesMost {
			t.Errorf("%s: %v %+.300v", name, err, m)
		}
	}
	m, err := Parse(mailOf("Content-Type: text/html\r\n", strings.Repeat("<div><blockquote>", 50000)+"deep"))
	if err != nil || !strings.Contains(m.Text, "deep") || len(m.Text) > 2*textMost {
		t.Errorf("nested HTML: %v, %d bytes", err, len(m.Text))
	}
	if _, err := Parse(make([]byte, MostBytes+1)); err == nil {
		t.Error("a mail beyond the limit was read")
	}
}

func TestText(t *testing.T) {
	for html, want := range map[string]string{
		"<p>One</p><p>Two</p>": "One\n\nTwo",
		"a<br>b<br/>c":         "a\nb\nc",
		"<ul><li>x<li>y</ul>":  "- x\n- y",
		"a <script>alert(1)</script>b<style>p{}</style><noscript>n</noscript>c": "a bc",
		"<a href='https://example.org/x'>here</a>":                              "here <https://example.org/x>",
		"<a href='https://example.org'>example.org</a>":                         "example.org",
		"<a href='javascript:alert(1)'>here</a>":                                "here",
		"<blockquote>one<br>two</blockquote>three":                              "> one\n> two\nthree",
		"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>":       "a b\nc",
		"<img alt='A  plan' src=http://track.example/x><img src=y>z":            "[A plan]z",
		"1 &lt; 2 &amp; caf&eacute;&nbsp;!":                                     "1 < 2 & café !",
		"<pre>a\n  b</pre>":                                                     "a\n  b",
		"<!-- no --><![CDATA[x]]>yes":                                           "yes",
		"<title>t</title>unclosed <b>bold":                                      "unclosed bold",
		"<script>never closed":                                                  "",
	} {
		if got := Text(html); got != want {
			t.Errorf("%s: %q, want %q", html, got, want)
		}
	}
}

func TestAutomatic(t *testing.T) {
	for _, c := range []struct {
		header string
		auto   Auto
		silent bool
	}{
		{"", AutoNone, false},
		{"Auto-Submitted: no\r\n", AutoNone, false},
		{"Auto-Submitted: auto-replied\r\n", AutoReply, true},
		{"Auto-Submitted: Auto-Generated; owner-email=x\r\n", AutoReply, true},
		{"X-Auto-Response-Suppress: All\r\n", AutoNone, true},
		{"X-Auto-Response-Suppress: All\r\nSubject: Automatisk svar: Vakt\r\n", AutoReply, true},
		{"Precedence: bulk\r\n", AutoNone, true},
		{"Precedence: auto_reply\r\n", AutoReply, true},
		{"List-Id: <news.example.org>\r\n", AutoNone, true},
		{"X-Autoreply: yes\r\n", AutoReply, true},
		{"Subject: Out of Office: Re: Shift\r\n", AutoReply, true},
		{"Subject: Automatic reply: Shift\r\n", AutoReply, true},
		{"Subject: Autosvar: Skift\r\n", AutoReply, true},
		{"Subject: Fraværsmelding\r\n", AutoReply, true},
		{"Subject: Frånvaromeddelande\r\n", AutoReply, true},
		{"Subject: =?utf-8?Q?R=C3=A9ponse_automatique_:_Vacation?=\r\n", AutoReply, true},
		{"Subject: Abwesenheitsnotiz: Schicht\r\n", AutoReply, true},
		{"Subject: رد تلقائي: المناوبة\r\n", AutoReply, true},
		{"Subject: Re: Automatic doors\r\n", AutoNone, false},
		{"Subject: My office is out of paper\r\n", AutoNone, false},
	} {
		m, err := Parse([]byte(c.header + "From: sara@example.org\r\n\r\nhello"))
		if err != nil || m.Auto != c.auto || m.NoAnswer != c.silent {
			t.Errorf("%q: %q %v %v", c.header, m.Auto, m.NoAnswer, err)
		}
	}
}

func report(fields string) []byte {
	return []byte("From: MAILER-DAEMON@mx.example.org\r\nTo: bounce+x@mail.example.org\r\nSubject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"R\"\r\n\r\n" +
		"--R\r\nContent-Type: text/plain\r\n\r\nSorry\r\n--R\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n" + fields +
		"\r\n--R\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <0198-ours@mail.example.org>\r\nSubject: Shift\r\n\r\nCan you?\r\n--R--\r\n")
}

func TestBounce(t *testing.T) {
	for _, c := range []struct {
		name, fields      string
		address, status   string
		failed, permanent bool
	}{
		{"unknown user", "Final-Recipient: rfc822; sara@example.org\r\nOriginal-Recipient: rfc822;Sara@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such\r\n user\r\n", "Sara@example.org", "5.1.1", true, true},
		{"mailbox full", "Final-Recipient: rfc822; sara@example.org\r\nAction: failed\r\nStatus: 5.2.2\r\n", "sara@example.org", "5.2.2", true, false},
		{"given up after days", "Final-Recipient: rfc822; sara@example.org\r\nAction: failed\r\nStatus: 4.4.1\r\n", "sara@example.org", "4.4.1", true, false},
		{"late", "Final-Recipient: rfc822; sara@example.org\r\nAction: delayed\r\nStatus: 4.4.1\r\n", "sara@example.org", "4.4.1", false, false},
		{"arrived", "Final-Recipient: rfc822; sara@example.org\r\nAction: delivered\r\nStatus: 2.0.0\r\n", "sara@example.org", "2.0.0", false, false},
		{"spam", "Final-Recipient: rfc822; sara@example.org\r\nAction: failed\r\nStatus: 5.7.1\r\n", "sara@example.org", "5.7.1", true, false},
		{"status in the words alone", "Final-Recipient: rfc822; sara@example.org\r\nAction: failed\r\nDiagnostic-Code: smtp; 550-5.1.1 unknown\r\n", "sara@example.org", "5.1.1", true, true},
		{"the worst of two", "Final-Recipient: rfc822; a@example.org\r\nAction: delayed\r\nStatus: 4.0.0\r\n\r\nFinal-Recipient: rfc822; sara@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n", "sara@example.org", "5.1.1", true, true},
	} {
		m, err := Parse(report(c.fields))
		if err != nil || m.Bounce == nil {
			t.Errorf("%s: %v, no bounce", c.name, err)
			continue
		}
		w := m.Bounce.Worst()
		if w.Address != c.address || w.Status != c.status || w.Failed() != c.failed || w.Permanent() != c.permanent || m.Bounce.MessageID != "0198-ours@mail.example.org" || m.Auto != AutoBounce {
			t.Errorf("%s: %+v of %+v", c.name, w, m.Bounce)
		}
	}
	m, err := Parse([]byte(strings.NewReplacer("message/delivery-status", "message/global-delivery-status", "message/rfc822", "message/global").Replace(string(report("Final-Recipient: utf-8; sära@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such\r\n user\r\n")))))
	if err != nil || m.Bounce == nil || m.Bounce.Worst() != (Bounced{Address: "sära@example.org", Final: "sära@example.org", Action: "failed", Status: "5.1.1", Diagnostic: "550 no such user"}) || m.Bounce.MessageID != "0198-ours@mail.example.org" {
		t.Errorf("a bounce in UTF-8: %+v %v", m, err)
	}
	m, err = Parse([]byte("From: Mail Delivery System <Mailer-Daemon@mx.example.org>\r\nX-Failed-Recipients: sara@example.org\r\nSubject: Mail delivery failed\r\n\r\n550 5.1.1 unknown"))
	if err != nil || m.Bounce == nil || !m.Bounce.Worst().Permanent() {
		t.Errorf("a bounce without a report: %+v %v", m, err)
	}
	if m, err = Parse([]byte("From: postmaster@example.org\r\nSubject: Lunch\r\n\r\nhello")); err != nil || m.Bounce != nil {
		t.Errorf("a postmaster may write too: %+v %v", m, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range samples(f) {
		if len(c.raw) < 8<<10 {
			f.Add(c.raw)
		}
	}
	f.Add(report("Final-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Parse(raw)
		if err != nil {
			return
		}
		if len(m.Text) > 2*textMost+100 || len(m.Files) > filesMost {
			t.Errorf("%d bytes of text, %d files", len(m.Text), len(m.Files))
		}
		for _, s := range append([]string{m.Text, m.Reply, m.Subject, m.From, m.FromName, m.MessageID}, m.References...) {
			if strings.ContainsRune(s, 0) || strings.ToValidUTF8(s, "") != s {
				t.Errorf("not a text: %q", s)
			}
		}
		if strings.ContainsAny(m.Subject+m.FromName, "\r\n") {
			t.Errorf("a line break in %q, %q", m.Subject, m.FromName)
		}
		for _, file := range m.Files {
			if strings.ContainsAny(file.Name, "/\\\r\n\x00") {
				t.Errorf("a file called %q", file.Name)
			}
		}
	})
}
