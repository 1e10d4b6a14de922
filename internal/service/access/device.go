package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
)

// A device is known by a cookie: a random id, and one mark for each account that has signed in
// there and for each organisation of such an account. A mark is a MAC over the id and what it
// is for, so that a cookie names nobody and cannot be made up. On a computer that many people
// share, the latest marks count.
const (
	maxMarks  = 40
	markBytes = 9
	idWidth   = 26 // of rand.Text
)

// devices reads and makes device cookies.
type devices struct{ key []byte }

// newDevices derives the key from the database's secret: a device is known on every node.
func newDevices(secret []byte) devices {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("crier known devices v1"))
	return devices{mac.Sum(nil)}
}

// mark is of an account, or with login "" of an organisation.
func (d devices) mark(id, slug, login string) string {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte(id + "\x00" + slug + "\x00" + login))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:markBytes])
}

// knows returns the device's id if a cookie marks it as one of the account (own), or as one
// where somebody of the organisation has signed in; else "".
func (d devices) knows(cookie, slug, login string) (id string, own bool) {
	id, marks := split(cookie)
	if id == "" {
		return "", false
	}
	has := func(login string) bool {
		want := []byte(d.mark(id, slug, login))
		return slices.ContainsFunc(marks, func(m string) bool { return hmac.Equal([]byte(m), want) })
	}
	if has(login) {
		return id, true
	}
	if has("") {
		return id, false
	}
	return "", false
}

// signedIn returns the cookie with the account's marks in front; a new one if there was none.
func (d devices) signedIn(cookie, slug, login string) string {
	id, marks := split(cookie)
	if id == "" {
		id = rand.Text()
	}
	first := []string{d.mark(id, slug, login), d.mark(id, slug, "")}
	marks = slices.DeleteFunc(marks, func(m string) bool { return slices.Contains(first, m) })
	marks = append(first, marks...)
	return strings.Join(append([]string{id}, marks[:min(len(marks), maxMarks)]...), ".")
}

func split(cookie string) (id string, marks []string) {
	parts := strings.Split(cookie, ".")
	if len(cookie) > idWidth+maxMarks*(1+markBytes*4/3) || len(parts[0]) != idWidth || len(parts) < 2 {
		return "", nil
	}
	return parts[0], parts[1:]
}

// source names an address in the journal without telling it.
func (d devices) source(address string) string { return d.mark("address", address, "")[:6] }
