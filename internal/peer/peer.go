// Package peer finds out from which address a request comes, behind proxies too.
package peer

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Of returns the address that a request comes from, the zero Addr if it is not known. Behind
// proxies that are trusted it is the last address in X-Forwarded-For that is not one of
// theirs; what a stranger writes in that header stands further left and is not read.
func Of(r *http.Request, trusted []netip.Prefix) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	from := plain(at.Addr())
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && contains(trusted, from); i-- {
		hop := strings.TrimSpace(hops[i])
		if hop == "" {
			continue
		}
		next, err := parse(hop)
		if err != nil {
			return netip.Addr{} // the proxy passes on what is no address
		}
		from = next
	}
	return from
}

// parse reads an address, as some proxies write it with a port too.
func parse(hop string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return plain(at.Addr()), nil
	}
	a, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return plain(a), err
}

// plain is the address without a zone, and IPv4 as IPv4.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func contains(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// ParsePrefix reads a network in CIDR form, or an address as the network of it alone.
func ParsePrefix(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "/") {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		a = plain(a)
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}
