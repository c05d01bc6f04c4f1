package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const secret = "0123456789abcdef"

func TestAMessageIsSigned(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	answer := http.StatusNoContent
	var got *http.Request
	var body []byte
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, body = r, nil
		body, _ = io.ReadAll(r.Body)
		if answer == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(answer)
	}))
	defer target.Close()
	s, err := New(target.URL+"/hook", secret, true, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	defer s.client.CloseIdleConnections()
	if err := s.Send(t.Context(), "m-1", []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte(`1800000000.{"a":1}`))
	if want := "t=1800000000,v1=" + hex.EncodeToString(sum.Sum(nil)); got.Header.Get(signatureHeader) != want {
		t.Errorf("signed %q, want %q", got.Header.Get(signatureHeader), want)
	}
	if string(body) != `{"a":1}` || got.Header.Get(idHeader) != "m-1" || got.URL.Path != "/hook" {
		t.Errorf("got %s %s %v", got.URL, body, got.Header)
	}
	for _, answer = range []int{http.StatusFound, http.StatusInternalServerError} {
		if err := s.Send(t.Context(), "m-1", nil); err == nil || got.URL.Path != "/hook" {
			t.Errorf("an answer of %d is a success, or followed to %s", answer, got.URL)
		}
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"127.0.0.1:443", "[::1]:443", "10.1.2.3:443", "192.168.0.1:443", "172.16.0.9:443", "169.254.169.254:443", "[fd00::1]:443",
		"[fe80::1]:443",
		"0.0.0.0:443", "0.1.2.3:443", "100.64.1.1:443", "[::ffff:127.0.0.1]:443", "224.0.0.1:443",
		"[64:ff9b::7f00:1]:443", "[64:ff9b:1::a01:203]:443", "[2002:7f00:1::]:443", "[2001::a01:203]:443", "[::7f00:1]:443",
	} {
		if err := checkPublic(address); !errors.Is(err, errPrivate) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"93.184.216.34:443", "[2606:2800:220:1::1]:443"} {
		if err := checkPublic(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	s, err := New("https://localhost:1/hook", secret, false, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), "m", nil); !errors.Is(err, errPrivate) {
		t.Errorf("a name of this machine: %v", err)
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	t.Parallel()
	for address, c := range map[string]struct{ secret, why string }{
		"http://shop.example/hook": {secret, "https://"}, "ftp://shop.example": {secret, "https://"}, "/hook": {secret, "https://"},
		"https://shop.example/hook": {"short", "16"},
	} {
		if _, err := New(address, c.secret, false, time.Now); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
