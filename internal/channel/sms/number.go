package sms

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Number returns a phone number in E.164, as in +4740000001; "" if it is none. region (ISO 3166) is that of numbers
// without a country code.
func Number(phone, region string) string {
	phone = strings.TrimSpace(phone)
	if phone == "" {
		return ""
	}
	n, err := phonenumbers.Parse(phone, strings.ToUpper(region))
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}
