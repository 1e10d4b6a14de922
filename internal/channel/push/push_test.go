package push

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"crier/internal/channel"
	"crier/internal/channel/channeltest"
)

// service is a push service with one browser behind it, which decrypts what it gets.
type service struct {
	t         *testing.T
	url       string
	keys      Keys
	private   *ecdh.PrivateKey
	auth      []byte
	mu        sync.Mutex
	behaviour channeltest.Behaviour
	got       []Payload
	header    http.Header
	claims    jwt.MapClaims
	end       chan struct{}
}

func newService(t *testing.T) *service {
	t.Helper()
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := Load(t.Context(), func(_ context.Context, _, v string) (string, error) { return v, nil })
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, keys: keys, private: private, auth: []byte("sixteen secret b"), end: make(chan struct{}), behaviour: channeltest.Accepts}
	server := httptest.NewServer(http.HandlerFunc(s.take))
	t.Cleanup(func() { close(s.end); server.Close() })
	s.url = server.URL + "/browser/1"
	return s
}

func (s *service) address() string {
	b, _ := json.Marshal(map[string]any{"endpoint": s.url, "keys": map[string]string{
		"p256dh": base64.RawURLEncoding.EncodeToString(s.private.PublicKey().Bytes()), "auth": base64.RawURLEncoding.EncodeToString(s.auth)}})
	return string(b)
}

func (s *service) sender() *Sender {
	return New(Options{Keys: s.keys, Contact: "https://crier.example.org", Client: http.DefaultClient})
}

func (s *service) Behave(b channeltest.Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behaviour = b
}

func (s *service) Taken() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]string{}
	for _, p := range s.got {
		out[s.address()] = append(out[s.address()], p.Line)
	}
	return out
}

func (s *service) take(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	b := s.behaviour
	s.mu.Unlock()
	switch b {
	case channeltest.BadAddress:
		w.WriteHeader(http.StatusGone)
		return
	case channeltest.Busy:
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case channeltest.Broken:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case channeltest.Refuses:
		w.WriteHeader(http.StatusForbidden)
		return
	case channeltest.Silent:
		<-s.end
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	plain, err := s.decrypt(body)
	if err != nil {
		s.t.Errorf("what came cannot be decrypted: %v", err)
	}
	var p Payload
	if err := json.Unmarshal(plain, &p); err != nil {
		s.t.Errorf("%v: %q", err, plain)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got, s.header = append(s.got, p), r.Header
	s.claims = s.verify(r.Header.Get("Authorization"))
	w.WriteHeader(http.StatusCreated)
}

// decrypt undoes aes128gcm as a browser does (RFC 8188, RFC 8291 section 3.4).
func (s *service) decrypt(body []byte) ([]byte, error) {
	if len(body) < 86 || body[20] != 65 {
		return nil, errors.New("no header")
	}
	salt, sender := body[:16], body[21:86]
	public, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, err
	}
	secret, err := s.private.ECDH(public)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(s.private.PublicKey().Bytes()) + string(sender)
	ikm, err := hkdf.Key(sha256.New, secret, s.auth, info, 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, body[86:], nil)
	if err != nil {
		return nil, err
	}
	text, padded := strings.CutSuffix(strings.TrimRight(string(plain), "\x00"), "\x02")
	if !padded {
		return nil, errors.New("no end of the record")
	}
	return []byte(text), nil
}

// verify opens the signed token that names the server (RFC 8292).
func (s *service) verify(header string) jwt.MapClaims {
	token, key, ok := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
	if !ok || key != s.keys.Public {
		s.t.Errorf("Authorization: %q", header)
		return nil
	}
	point, _ := base64.RawURLEncoding.DecodeString(key)
	public, err := ecdsaKey(point)
	if err != nil {
		s.t.Error(err)
		return nil
	}
	claims := jwt.MapClaims{}
	if _, err := jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return public, nil }, jwt.WithValidMethods([]string{"ES256"})); err != nil {
		s.t.Error(err)
	}
	return claims
}

func TestConformance(t *testing.T) {
	s := newService(t)
	channeltest.Run(t, s.sender(), s, s.address(), channel.Temporary)
}

// TestPayload: what a browser decrypts is short, opens this server's pages alone and says who sent it.
func TestPayload(t *testing.T) {
	s := newService(t)
	out := channel.Outgoing{ID: "d1", Address: s.address(), Subject: strings.Repeat("Räume ", 40), Text: strings.Repeat("😀", 5000), Link: "https://crier.example.org/staff/messages/p1"}
	if _, err := s.sender().Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	got := s.got[0]
	if utf8.RuneCountInString(got.Title) != titleMost || utf8.RuneCountInString(got.Line) != lineMost || got.Link != "/staff/messages/p1" || got.Tag != "d1" {
		t.Errorf("%+v", got)
	}
	if s.claims["sub"] != "https://crier.example.org" || !strings.HasPrefix(s.url, s.claims["aud"].(string)) {
		t.Errorf("%v", s.claims)
	}
	if s.header.Get("Content-Encoding") != "aes128gcm" || s.header.Get("TTL") == "" || s.header.Get("Urgency") != "high" {
		t.Errorf("%v", s.header)
	}
}

// TestLinks: a push opens nothing but pages of this server.
func TestLinks(t *testing.T) {
	for in, want := range map[string]string{
		"": "/", "/": "/", "/staff": "/staff", "https://crier.example.org": "/", "https://crier.example.org/": "/",
		"//evil.example": "/", "javascript:alert(1)": "/", "https://evil.example/a": "/a",
	} {
		if got := path(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestBadSubscriptions: what cannot be encrypted for is refused for good, and nothing is asked.
func TestBadSubscriptions(t *testing.T) {
	s := newService(t)
	good := s.address()
	for name, address := range map[string]string{
		"no JSON": "x", "no endpoint": `{"keys":{}}`, "no keys": `{"endpoint":"` + s.url + `"}`,
		"no point":     `{"endpoint":"` + s.url + `","keys":{"p256dh":"` + strings.Repeat("A", 87) + `","auth":"c2l4dGVlbiBzZWNyZXQgYg"}}`,
		"short secret": strings.Replace(good, base64.RawURLEncoding.EncodeToString(s.auth), "c2hvcnQ", 1),
	} {
		if _, err := s.sender().Send(t.Context(), channel.Outgoing{Address: address}); channel.KindOf(err) != channel.Permanent {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.got) != 0 {
		t.Errorf("%+v", s.got)
	}
}

// TestPrivateAddresses: by itself the sender reaches no address of the server's own network, whatever a browser names.
func TestPrivateAddresses(t *testing.T) {
	s := newService(t)
	own := New(Options{Keys: s.keys, Contact: "https://crier.example.org"})
	for _, endpoint := range []string{s.url, strings.Replace(s.url, "http://", "https://", 1), "https://169.254.169.254/", "https://[::1]/"} {
		address := strings.Replace(s.address(), s.url, endpoint, 1)
		_, err := own.Send(t.Context(), channel.Outgoing{Address: address, Text: "a"})
		if e, ok := errors.AsType[*channel.Error](err); !ok || e.Code != "address" {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	for address, want := range map[string]bool{
		"127.0.0.1": false, "10.1.2.3": false, "192.168.1.1": false, "172.16.0.1": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false,
		"224.0.0.1": false, "255.255.255.255": false, "::1": false, "fe80::1": false, "fc00::1": false, "::ffff:127.0.0.1": false, "64:ff9b::7f00:1": false, "::": false,
		"142.250.74.106": true, "2a00:1450:400f:80c::200a": true,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: public %v", address, got)
		}
	}
	if len(s.got) != 0 {
		t.Errorf("%+v", s.got)
	}
}

// TestKeysStay: keys are made once, and what is damaged is told.
func TestKeysStay(t *testing.T) {
	kept := map[string]string{}
	once := func(_ context.Context, k, v string) (string, error) {
		if _, ok := kept[k]; !ok {
			kept[k] = v
		}
		return kept[k], nil
	}
	first, err := Load(t.Context(), once)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Load(t.Context(), once)
	if err != nil || first != again || first.Public == "" || len(kept) != 1 {
		t.Errorf("%v, %v, %v", first, again, err)
	}
	for _, damaged := range []string{"%", "AAAA", ""} {
		kept[metaKey] = damaged
		if _, err := Load(t.Context(), once); err == nil {
			t.Errorf("%q is taken for a key", damaged)
		}
	}
}
