package mailin

import "testing"

// TestVerified believes only what the named server has written itself.
func TestVerified(t *testing.T) {
	const (
		ar       = "Authentication-Results: "
		received = "Received: from mail.uio.no by mx.example.org; Mon, 1 Jun 2026 10:00:00 +0000\r\n"
		body     = "From: Sara <sara@uio.no>\r\nSubject: Re: Shift\r\n\r\nYes"
	)
	for name, c := range map[string]struct {
		header string
		want   bool
	}{
		"nothing said":                    {received, false},
		"dmarc passed":                    {ar + "mx.example.org; dmarc=pass (p=REJECT) header.from=uio.no\r\n" + received, true},
		"another case, a version":         {ar + "MX.Example.org 1;\r\n dmarc/1 = pass header.from=UIO.no\r\n" + received, true},
		"below our server's own Received": {received + ar + "mx.example.org; dmarc=pass header.from=uio.no\r\n", true},
		"dmarc failed":                    {ar + "mx.example.org; dmarc=fail header.from=uio.no; dkim=pass header.d=uio.no\r\n" + received, false},
		"dmarc failed in a second field":  {ar + "mx.example.org; dkim=pass header.d=uio.no\r\n" + ar + "mx.example.org; dmarc=fail header.from=uio.no\r\n" + received, false},
		"dmarc of another domain":         {ar + "mx.example.org; dmarc=pass header.from=evil.example\r\n" + received, false},
		"dmarc none, dkim aligned":        {ar + "mx.example.org; dmarc=none header.from=uio.no; dkim=pass header.d=uio.no\r\n" + received, true},
		"dkim of the domain above":        {ar + "mx.example.org; dkim=pass header.i=@no\r\n" + received, false},
		"dkim of another":                 {ar + "mx.example.org; dkim=pass header.d=evil.example\r\n" + received, false},
		"spf aligned":                     {ar + "mx.example.org; spf=pass smtp.mailfrom=sara@uio.no\r\n" + received, true},
		"spf of another":                  {ar + "mx.example.org; spf=pass smtp.mailfrom=evil.example\r\n" + received, false},
		"spf failed":                      {ar + "mx.example.org; spf=fail smtp.mailfrom=uio.no\r\n" + received, false},
		"another server":                  {ar + "mx.evil.example; dmarc=pass header.from=uio.no\r\n" + received, false},
		"forged below a true one":         {ar + "mx.example.org; dmarc=fail header.from=uio.no\r\n" + received + ar + "mx.example.org; dmarc=pass header.from=uio.no\r\n", false},
		"two below, the second forged":    {received + ar + "mx.example.org; spf=fail smtp.mailfrom=uio.no\r\n" + ar + "mx.example.org; dmarc=pass header.from=uio.no\r\n", false},
		"forged below another server's":   {received + ar + "mx.other.example; dmarc=none\r\n" + ar + "mx.example.org; dmarc=pass header.from=uio.no\r\n", false},
		"in a comment":                    {ar + "mx.example.org; spf=none (dmarc=pass header.from=uio.no; dmarc=pass)\r\n" + received, false},
		"in quotes":                       {ar + "mx.example.org; spf=none reason=\"x; dmarc=pass header.from=uio.no\"\r\n" + received, false},
		"none":                            {ar + "mx.example.org; none\r\n" + received, false},
		"nothing above, forged below":     {ar + "mx.example.org; none\r\n" + received + ar + "mx.example.org; dmarc=pass header.from=uio.no\r\n", false},
		"broken":                          {ar + ";;;=;(((\r\n" + received, false},
	} {
		m, err := Parse([]byte(c.header + body))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Verified("mx.example.org"); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if m.Verified("") {
			t.Errorf("%s: verified by nobody", name)
		}
	}
}
