// Package sms carries texts as SMS: how many parts a text has, what a number is, what a
// keyword means, and two providers, Twilio's HTTP API and Kannel, with their webhooks.
package sms

import "unicode/utf16"

// Segments says how an SMS text travels (3GPP TS 23.038, TS 23.040).
type Segments struct {
	Unicode bool // UCS-2; else the GSM 7-bit alphabet
	Units   int  // septets, or UTF-16 units
	Parts   int  // 0 for an empty text
	Left    int  // units left in the last part
}

// Units in a message that stands alone, and in each part of a longer one (a header takes the rest).
const (
	gsmAlone, gsmPart = 160, 153
	ucsAlone, ucsPart = 70, 67
)

const gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// gsmExtended take an escape before them.
const gsmExtended = "^{}\\[~]|€\f"

var gsm = func() map[rune]int {
	m := map[rune]int{}
	for _, r := range gsmBasic {
		m[r] = 1
	}
	for _, r := range gsmExtended {
		m[r] = 2
	}
	return m
}()

// Count says how a text travels. A character is never cut in two: an extended one, or a surrogate pair,
// that does not fit moves to the next part.
func Count(text string) Segments {
	widths := make([]int, 0, len(text))
	s := Segments{}
	for _, r := range text {
		w, ok := gsm[r]
		if !ok {
			s.Unicode = true
			break
		}
		widths = append(widths, w)
	}
	alone, part := gsmAlone, gsmPart
	if s.Unicode {
		alone, part = ucsAlone, ucsPart
		widths = widths[:0]
		for _, r := range text {
			widths = append(widths, utf16.RuneLen(r))
		}
	}
	for _, w := range widths {
		s.Units += w
	}
	if s.Units == 0 {
		s.Left = alone
		return s
	}
	if s.Units <= alone {
		s.Parts, s.Left = 1, alone-s.Units
		return s
	}
	used := 0
	s.Parts = 1
	for _, w := range widths {
		if used+w > part {
			s.Parts, used = s.Parts+1, 0
		}
		used += w
	}
	s.Left = part - used
	return s
}
