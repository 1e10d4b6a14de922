// Package email carries texts out as mails: it composes them, hands them to an SMTP server, and makes the addresses that
// answers and bounces come back to.
package email

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ErrUnknown is returned for an address or a token that this database never made: forged, altered, another's.
var ErrUnknown = errors.New("email: not an address of ours")

// PrefixMost is the most bytes of a prefix: the local part of a mail address holds 64 (RFC 5321, section 4.5.3.1.1).
const PrefixMost = 8

// Kinds of tokens. The letter is the version too: another layout takes another letter.
const (
	kindThread = 'a' // organisation and person: 24 bytes, 39 letters; opened only, since addresses of one conversation do not expire
	kindBounce = 'b' // organisation and delivery: 34 bytes, 55 letters
	kindStop   = 'c' // as a thread, for the link that ends notifications
	kindReply  = 'd' // organisation, person, message and day: 32 bytes, 52 letters
	kindQuiet  = 'f' // as a thread, for the link that ends mails about mentions
	kindFile   = 'e' // organisation, delivery, attachment and hour: for a link, not for an address
)

const (
	tagSize = 12 // 96 bits that nobody can guess
	most48  = 1<<48 - 1
	version = "crier mail address v1"
)

// letters are the base32 alphabet in lower case: mail systems may change the case of a local part, so it means nothing.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Tokens makes and opens what stands in addresses, of one database. A token is encrypted and authenticated with the tag
// as the nonce (as in SIV, RFC 5297): the same content has the same token on every node, and tells
// nothing. Safe for concurrent use.
type Tokens struct {
	mac   []byte
	block cipher.Block
}

// NewTokens derives the keys from the database's seal key.
func NewTokens(sealKey []byte) *Tokens {
	derive := func(purpose string) []byte {
		m := hmac.New(sha256.New, sealKey)
		m.Write([]byte(version + purpose))
		return m.Sum(nil)
	}
	block, err := aes.NewCipher(derive(" secrecy")[:16])
	if err != nil {
		panic(err) // the key's length is fixed above
	}
	return &Tokens{mac: derive(" truth"), block: block}
}

func (t *Tokens) tag(kind byte, plain []byte) []byte {
	m := hmac.New(sha256.New, t.mac)
	m.Write([]byte{kind})
	m.Write(plain)
	return m.Sum(nil)[:tagSize]
}

func (t *Tokens) crypt(kind byte, tag, text []byte) {
	iv := make([]byte, aes.BlockSize)
	copy(iv, tag)
	iv[tagSize] = kind
	cipher.NewCTR(t.block, iv).XORKeyStream(text, text)
}

func (t *Tokens) seal(kind byte, plain []byte) string {
	b := t.tag(kind, plain)
	t.crypt(kind, b, plain)
	return string(kind) + letters.EncodeToString(append(b, plain...))
}

func (t *Tokens) open(kind byte, token string, size int) ([]byte, error) {
	token = strings.ToLower(token)
	if len(token) != 1+letters.EncodedLen(tagSize+size) || token[0] != kind {
		return nil, ErrUnknown
	}
	b, err := letters.DecodeString(token[1:])
	if err != nil || letters.EncodeToString(b) != token[1:] { // the last letter has bits to spare
		return nil, ErrUnknown
	}
	tag, plain := b[:tagSize], b[tagSize:]
	t.crypt(kind, tag, plain)
	if !hmac.Equal(tag, t.tag(kind, plain)) {
		return nil, ErrUnknown
	}
	return plain, nil
}

// pair seals two numbers of 48 bits.
func (t *Tokens) pair(kind byte, org, person int64) string {
	return t.seal(kind, put48(put48(nil, org), person))
}

func (t *Tokens) openPair(kind byte, token string) (org, person int64, err error) {
	b, err := t.open(kind, token, 12)
	if err != nil {
		return 0, 0, err
	}
	return get48(b), get48(b[6:]), nil
}

// Reply is what the address for answers to one mail stands for.
type Reply struct {
	Organisation, Person int64
	Message              int64     // offset of the message that is answered, 0 for none
	Sent                 time.Time // to the day (UTC); zero of an address that an earlier version made for a whole conversation
}

// In seconds.
const (
	hour = 60 * 60
	day  = 24 * hour
)

// Reply is the token of answers to one message to a person.
func (t *Tokens) Reply(r Reply) string {
	days := max(0, min(r.Sent.Unix()/day, 1<<16-1))
	return t.seal(kindReply, binary.BigEndian.AppendUint16(put48(put48(put48(nil, r.Organisation), r.Person), r.Message), uint16(days)))
}

// OpenReply returns what a token of answers stands for.
func (t *Tokens) OpenReply(token string) (Reply, error) {
	if b, err := t.open(kindReply, token, 20); err == nil {
		return Reply{get48(b), get48(b[6:]), get48(b[12:]), time.Unix(int64(binary.BigEndian.Uint16(b[18:]))*day, 0).UTC()}, nil
	}
	org, person, err := t.openPair(kindThread, token)
	return Reply{Organisation: org, Person: person}, err
}

// Stop is the token that ends a person's notifications.
func (t *Tokens) Stop(org, person int64) string { return t.pair(kindStop, org, person) }

// OpenStop returns whose notifications a token ends.
func (t *Tokens) OpenStop(token string) (org, person int64, err error) {
	return t.openPair(kindStop, token)
}

// StopMentions is the token that ends a person's mails about mentions.
func (t *Tokens) StopMentions(org, person int64) string { return t.pair(kindQuiet, org, person) }

// OpenStopMentions returns whose mails about mentions a token ends.
func (t *Tokens) OpenStopMentions(token string) (org, person int64, err error) {
	return t.openPair(kindQuiet, token)
}

// Bounce is the token of a delivery, "" if its id is no UUID.
func (t *Tokens) Bounce(org int64, delivery string) string {
	id, err := uuid.Parse(delivery)
	if err != nil || id.String() != delivery {
		return ""
	}
	return t.seal(kindBounce, append(put48(nil, org), id[:]...))
}

// OpenBounce returns which delivery a token stands for.
func (t *Tokens) OpenBounce(token string) (org int64, delivery string, err error) {
	b, err := t.open(kindBounce, token, 22)
	if err != nil {
		return 0, "", err
	}
	return get48(b), uuid.UUID(b[6:]).String(), nil
}

// Download is what a link to a file stands for: the file, and the delivery whose mail carries the link.
type Download struct {
	Organisation int64
	Delivery     string
	Attachment   string
	Until        time.Time // to the hour
}

// Download is the token of a link to a file, "" if an id is no UUID.
func (t *Tokens) Download(d Download) string {
	plain := put48(nil, d.Organisation)
	for _, s := range []string{d.Delivery, d.Attachment} {
		id, err := uuid.Parse(s)
		if err != nil || id.String() != s {
			return ""
		}
		plain = append(plain, id[:]...)
	}
	hours := max(0, min(d.Until.Unix()/hour, math.MaxUint32))
	return t.seal(kindFile, binary.BigEndian.AppendUint32(plain, uint32(hours)))
}

// OpenDownload returns what the token of a link to a file stands for, whether it has expired or not.
func (t *Tokens) OpenDownload(token string) (Download, error) {
	b, err := t.open(kindFile, token, 6+16+16+4)
	if err != nil {
		return Download{}, err
	}
	until := time.Unix(int64(binary.BigEndian.Uint32(b[38:]))*hour, 0).UTC()
	return Download{get48(b), uuid.UUID(b[6:22]).String(), uuid.UUID(b[22:38]).String(), until}, nil
}

// Thread names a conversation in mails' References, so that mail programs show its mails together. It opens nothing.
func (t *Tokens) Thread(org, person int64) string {
	return letters.EncodeToString(t.tag('t', put48(put48(nil, org), person)))
}

func put48(b []byte, v int64) []byte {
	if v < 0 || v > most48 {
		panic("email: number out of range")
	}
	return append(b, binary.BigEndian.AppendUint64(nil, uint64(v))[2:]...)
}

func get48(b []byte) int64 {
	return int64(binary.BigEndian.Uint64(append([]byte{0, 0}, b[:6]...)))
}

// Addresses are those that mails come back to: PREFIX TOKEN @ Domain.
type Addresses struct {
	Domain       string // mail.example.org
	ReplyPrefix  string // as in "reply+"
	BouncePrefix string // as in "bounce+"
	Tokens       *Tokens
}

// The prefixes that are used where none is set.
const (
	ReplyPrefix  = "reply+"
	BouncePrefix = "bounce+"
)

// Target is what a mail's recipient stands for: answers to a message, or, with Delivery, a bounce of it.
type Target struct {
	Reply
	Delivery string
}

// Reply is the address of answers to one message to a person.
func (a Addresses) Reply(r Reply) string {
	return a.ReplyPrefix + a.Tokens.Reply(r) + "@" + a.Domain
}

// Bounce is the address that a delivery's bounces go to, "" if its id is no UUID.
func (a Addresses) Bounce(org int64, delivery string) string {
	token := a.Tokens.Bounce(org, delivery)
	if token == "" {
		return ""
	}
	return a.BouncePrefix + token + "@" + a.Domain
}

// Open returns what an address stands for. Case counts nowhere.
func (a Addresses) Open(address string) (Target, error) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 || !strings.EqualFold(address[at+1:], a.Domain) {
		return Target{}, ErrUnknown
	}
	local := strings.ToLower(address[:at])
	if token, ok := strings.CutPrefix(local, strings.ToLower(a.ReplyPrefix)); ok {
		if r, err := a.Tokens.OpenReply(token); err == nil {
			return Target{Reply: r}, nil
		}
	}
	if token, ok := strings.CutPrefix(local, strings.ToLower(a.BouncePrefix)); ok {
		if org, delivery, err := a.Tokens.OpenBounce(token); err == nil {
			return Target{Reply: Reply{Organisation: org}, Delivery: delivery}, nil
		}
	}
	return Target{}, ErrUnknown
}
