package push

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// errPrivate is for a push service that lies in the server's own network: a browser names its push service, so a name could
// be made to reach what only the server can.
var errPrivate = errors.New("the push service is no public address")

// publicClient reaches public addresses alone, over https, and follows no redirect.
func publicClient() *http.Client {
	dial := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !public(to.Addr()) || to.Port() != 443 {
			return errPrivate
		}
		return nil
	}}
	return &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: secure{&http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dial.DialContext(ctx, network, address)
			},
			TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
		}},
	}
}

// secure refuses what is not https.
type secure struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (s secure) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, errPrivate
	}
	return s.next.RoundTrip(r)
}

// shared are addresses that are not the public's, beyond those that netip knows: RFC 6598, 2544, 6890 and NAT64.
var shared = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
}

func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range shared {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
