package mailin

import (
	"reflect"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// TestCharsets: a text and a file's name in the charsets that mails still come in, in the body and in headers.
func TestCharsets(t *testing.T) {
	for charset, c := range map[string]struct {
		e    encoding.Encoding
		text string
	}{
		"gb18030": {simplifiedchinese.GB18030, "好的，我会来"}, "GB2312": {simplifiedchinese.GBK, "好的"}, "big5": {traditionalchinese.Big5, "好的，我會來"}, "euc-kr": {korean.EUCKR, "네, 가겠습니다"},
		"ks_c_5601-1987": {korean.EUCKR, "네"}, "Shift_JIS": {japanese.ShiftJIS, "はい、行きます"}, "euc-jp": {japanese.EUCJP, "はい"}, "iso-8859-2": {charmap.ISO8859_2, "Tak, przyjdę, żółw"},
		"iso-8859-15": {charmap.ISO8859_15, "Oui, à 9 h, 5 €"}, "windows-1250": {charmap.Windows1250, "Přijdu"}, "windows-1251": {charmap.Windows1251, "Да, приду"}, "windows-1255": {charmap.Windows1255, "כן, אני בא"},
		"iso-8859-8-i": {charmap.ISO8859_8, "כן"}, "iso-8859-9": {charmap.ISO8859_9, "Geleceğim"}, "tis-620": {charmap.Windows874, "ได้ครับ"}, "koi8-u": {charmap.KOI8U, "Так, прийду"}, "macintosh": {charmap.Macintosh, "Ça va"},
		"US-ASCII": {encoding.Nop, "Yes"}, "\"utf8\"": {encoding.Nop, "Så bra"},
	} {
		raw := coded(t, c.e, c.text)
		for how, body := range map[string]string{"base64": b64(raw), "quoted-printable": qp(raw), "8bit": raw} {
			m, err := Parse(mailOf("Content-Type: text/plain; charset="+charset+"\r\nContent-Transfer-Encoding: "+how+"\r\n", body))
			if err != nil || m.Reply != c.text {
				t.Errorf("%s, %s: %q %v, want %q", charset, how, m.Reply, err, c.text)
			}
		}
		if charset[0] == '"' {
			continue
		}
		word := "=?" + charset + "?B?" + b64(raw) + "?="
		m, err := Parse([]byte("From: " + word + " <sara@example.org>\r\nSubject: Re: " + word + "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf; name=\"" + word + "\"\r\nContent-Disposition: attachment\r\n\r\npdf\r\n--b--\r\n"))
		if err != nil || m.From != "sara@example.org" || m.FromName != c.text || m.Subject != "Re: "+c.text || len(m.Files) != 1 || m.Files[0].Name != c.text {
			t.Errorf("%s in headers: %q %q %q %+v, %v", charset, m.From, m.FromName, m.Subject, m.Files, err)
		}
	}
}

// TestShapes: what else mail programs do to an answer.
func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		raw   []byte
		reply string
		files []string // names
	}{
		"signed by S/MIME": {mailOf("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=s\r\n",
			"--s\nContent-Type: text/plain\n\nSigned yes.\n--s\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Disposition: attachment; filename=smime.p7s\nContent-Transfer-Encoding: base64\n\nQUJD\n--s--\n"), "Signed yes.", nil},
		"signed by PGP in the text":               {mailOf("", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nYes.\n"), "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nYes.", nil},
		"gmail, html alone":                       {mailOf("Content-Type: text/html; charset=UTF-8\r\n", `<div dir="ltr">Yes, gladly.</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Tue, May 5, 2026 at 10:12 AM Hall A &lt;<a href="mailto:r@mail.example.org">r@mail.example.org</a>&gt; wrote:<br></div><blockquote class="gmail_quote">Can you?</blockquote></div>`), "Yes, gladly.", nil},
		"apple, html alone":                       {mailOf("Content-Type: text/html; charset=utf-8\r\n", `<html><body dir="auto">I come.<div><br><blockquote type="cite">On 5 May 2026, at 10:12, Hall A &lt;r@mail.example.org&gt; wrote:<br><br></blockquote></div><blockquote type="cite"><div>Can you?</div></blockquote></body></html>`), "I come.", nil},
		"flowed and broken anywhere":              {mailOf("Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\n", "one \ntwo\n"), "onetwo", nil},
		"names in capitals":                       {mailOf("CONTENT-TYPE: TEXT/PLAIN; CHARSET=UTF-8\r\nCONTENT-TRANSFER-ENCODING: BASE64\r\n", b64("Ja")), "Ja", nil},
		"a mark at the beginning":                 {mailOf("Content-Type: text/plain; charset=utf-8\r\n", "\ufeffJa\n"), "Ja", nil},
		"a calendar's answer alone":               {mailOf("Content-Type: text/calendar; method=REPLY\r\n", "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VTIMEZONE\nDTSTART:19700101T000000\nEND:VTIMEZONE\nBEGIN:VEVENT\nATTENDEE;PARTSTAT=ACCEPTED;CN=Mina:mailto:mina@example.org\nSUMMARY:Shift\\, hall\n  A\nDTSTART;TZID=Europe/Oslo:20261203T090000\nEND:VEVENT\nEND:VCALENDAR"), "accepted: Shift, hall A, 3 December 09:00", []string{""}},
		"a calendar that is no answer":            {mailOf("Content-Type: text/calendar\r\n", "BEGIN:VCALENDAR\nEND:VCALENDAR"), "", []string{""}},
		"an object never closed":                  {mailOf("Content-Type: text/html\r\n", "<body><object data=x>I am ill today.<p>Sorry"), "I am ill today.\n\nSorry", nil},
		"a form in the text":                      {mailOf("Content-Type: text/html\r\n", "<p>One</p><textarea>I am ill"), "One\n\nI am ill", nil},
		"utf-8 called latin":                      {mailOf("Content-Type: text/plain; charset=iso-8859-1\r\n", "Jag är sjuk.\n"), "Jag är sjuk.", nil},
		"a word broken within a character":        {mailOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\n\nx\n--b\nContent-Type: application/pdf; name=\"=?utf-8?B?"+b64("sj\xc3")+"?= =?utf-8?B?"+b64("\xb8k.pdf")+"?=\"\n\npdf\n--b--\n"), "x", []string{"sjøk.pdf"}},
		"a file's name with spaces and no quotes": {mailOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\n\nx\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=My sick note.pdf\n\npdf\n--b--\n"), "x", []string{"My sick note.pdf"}},
		"a file's name in another charset":        {mailOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\n\nx\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename*=iso-8859-1''sj%F8k.pdf\n\npdf\n--b--\n"), "x", []string{"sjøk.pdf"}},
		"a picture beside the text":               {mailOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\nContent-Type: text/plain; name=body.txt\n\nx\n--b\nContent-Type: text/plain; name=notes.txt\n\ny\n--b--\n"), "x", []string{"notes.txt"}},
		"winmail.dat":                             {mailOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\nContent-Type: text/plain\n\nSee it\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\neJ8+\n--b--\n"), "See it", []string{"winmail.dat"}},
		"a voice message alone":                   {mailOf("Content-Type: audio/mp4; name=\"voice.m4a\"\r\nContent-Transfer-Encoding: base64\r\n", "QUJD"), "", []string{"voice.m4a"}},
		"a name in pieces":                        {mailOf("Content-Type: multipart/mixed; boundary=b\r\n", "--b\nContent-Type: text/plain\n\nx\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename*0*=UTF-8''%C3%86r; filename*1=lig.pdf\n\npdf\n--b--\n"), "x", []string{"Ærlig.pdf"}},
	} {
		m, err := Parse(c.raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var files []string
		for _, f := range m.Files {
			files = append(files, f.Name)
		}
		if m.Reply != c.reply || !reflect.DeepEqual(files, c.files) || m.From != "sara@example.org" {
			t.Errorf("%s: %q %q, want %q %q (all of it: %q)", name, m.Reply, files, c.reply, c.files, m.Text)
		}
	}
	// A subject in plain Latin bytes, which no standard allows.
	if m, err := Parse([]byte("From: sara@example.org\r\nSubject: P\xe5melding\r\n\r\nJa")); err != nil || m.Subject != "Påmelding" {
		t.Errorf("%q %v", m.Subject, err)
	}
}
