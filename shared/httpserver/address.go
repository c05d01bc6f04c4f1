package httpserver

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ParseProxies reads the networks of proxies: addresses, or networks like 10.0.0.0/8.
func ParseProxies(texts []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range texts {
		text = strings.TrimSpace(text)
		network, err := netip.ParsePrefix(text)
		if address, addressErr := netip.ParseAddr(text); addressErr == nil {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network: write it like 10.0.0.0/8 or 192.0.2.1", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// clientAddress is the address that a request came from: the peer's, or as long as that is a trusted proxy, the one before it in
// X-Forwarded-For, from its end on, since whatever stands before the proxies' own entries the caller may have written. Of IPv6 it is the
// network of 64 bits that one customer has.
func clientAddress(r *http.Request, trusted []netip.Prefix) string {
	address, ok := addressOf(r, trusted)
	if !ok {
		return r.RemoteAddr
	}
	if address.Is6() {
		network, err := address.WithZone("").Prefix(64)
		if err == nil {
			return network.Addr().String()
		}
	}
	return address.String()
}

// clientNetwork is the network of a request's address that has one owner. Private addresses have none: behind a proxy that is not trusted
// everybody comes from one.
func clientNetwork(r *http.Request, trusted []netip.Prefix) netip.Prefix {
	address, ok := addressOf(r, trusted)
	if !ok || !address.IsGlobalUnicast() || address.IsPrivate() {
		return netip.Prefix{}
	}
	bits := 24
	if address.Is6() {
		bits = 48
	}
	network, _ := address.WithZone("").Prefix(bits) // both fit their kind of address
	return network
}

// addressOf is the address of who made a request, before the trusted proxies.
func addressOf(r *http.Request, trusted []netip.Prefix) (address netip.Addr, ok bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return address, false
	}
	address = peer.Addr().Unmap()
	if len(trusted) > 0 {
		address = beforeProxies(address, r.Header.Values("X-Forwarded-For"), trusted)
	}
	return address, true
}

// beforeProxies goes from one trusted proxy to the one before it, and ends at the first address
// that is none, or at an entry that cannot be read.
func beforeProxies(address netip.Addr, forwarded []string, trusted []netip.Prefix) netip.Addr {
	isProxy := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(network netip.Prefix) bool { return network.Contains(a) })
	}
	for line := len(forwarded) - 1; line >= 0; line-- { // a proxy may add a line instead of an entry
		entries := strings.Split(forwarded[line], ",")
		for n := len(entries) - 1; n >= 0; n-- {
			if !isProxy(address) {
				return address
			}
			before, err := entry(strings.TrimSpace(entries[n]))
			if err != nil {
				return address
			}
			address = before
		}
	}
	return address
}

// entry reads an address that may have a port.
func entry(text string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap(), nil
	}
	address, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return address.Unmap(), err
}
