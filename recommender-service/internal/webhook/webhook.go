// Package webhook posts signed messages to an address of the operator's. It keeps nothing: who calls repeats what failed. The main type is
// Sender.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const (
	// signatureHeader holds "t=<seconds>,v1=<hex>": the time of sending, and the HMAC-SHA-256 of "<seconds>.<body>" under the secret.
	signatureHeader = "Aisle-Signature"
	// idHeader names the message: one that comes again has the same.
	idHeader = "Aisle-Message-Id"

	timeout = 10 * time.Second
	// leastSecret is the length of a secret that cannot be guessed.
	leastSecret = 16
	// answerBytes is how much of an answer is read, so that the connection can be used again.
	answerBytes = 64 << 10
)

// Sender posts to one address.
type Sender struct {
	url    string
	secret []byte
	client *http.Client
	now    func() time.Time
}

// New returns a sender to an address. Unless private is true it connects to public addresses only, whatever the name is resolved to. It
// follows no redirect.
func New(address, secret string, private bool, now func() time.Time) (*Sender, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(private && u.Scheme == "http") {
		return nil, fmt.Errorf("%q is no address of the form https://host/path", address)
	}
	if len(secret) < leastSecret {
		return nil, fmt.Errorf("the secret has %d characters: give it at least %d", len(secret), leastSecret)
	}
	dialer := &net.Dialer{Timeout: timeout}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return checkPublic(address) }
	}
	return &Sender{address, []byte(secret), &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConns: 2, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, now}, nil
}

// errPrivate says that a name leads to an address that is not on the public internet.
var errPrivate = errors.New("the webhook's address is private")

// checkPublic refuses host:port of the machine itself, of private networks and of what no packet is routed to.
func checkPublic(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	within := func(p netip.Prefix) bool { return p.Contains(ip) }
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || slices.ContainsFunc(notPublic, within) {
		return fmt.Errorf("%w: %s", errPrivate, ip)
	}
	return nil
}

// notPublic are the address space that carriers use inside their networks (RFC 6598), "this network", which some systems take for
// themselves, and the addresses of IPv6 that stand for one of IPv4, a private one, too: NAT64 (RFC 6052 and 8215), 6to4, Teredo and those
// of the first plan.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("::/96"), netip.MustParsePrefix("fec0::/10"),
}

// Send posts a body of JSON. It fails unless the answer is a success.
func (s *Sender) Send(ctx context.Context, id string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Aisle")
	r.Header.Set(idHeader, id)
	r.Header.Set(signatureHeader, signature(s.secret, s.now(), body))
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, answerBytes); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook answered %s", resp.Status)
	}
	return nil
}

// signature returns the value of signatureHeader for a body that is sent at a time.
func signature(secret []byte, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	sum := hmac.New(sha256.New, secret)
	sum.Write([]byte(seconds + "."))
	sum.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(sum.Sum(nil))
}
