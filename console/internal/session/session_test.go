package session

import (
	"strings"
	"testing"
	"time"
)

func TestSessionsAreSealed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	s := New([]byte("0123456789abcdef0123456789abcdef"))
	text := s.Close(Session{Key: "sk_secret", Expires: now.Add(time.Hour)})
	if got, err := s.Open(text, now); err != nil || got.Key != "sk_secret" {
		t.Errorf("a sound session: %+v, %v", got, err)
	}
	if strings.Contains(text, "sk_secret") || text == s.Close(Session{Key: "sk_secret", Expires: now.Add(time.Hour)}) {
		t.Error("the key can be read, or two sessions look alike")
	}
	other := "A"
	if text[20] == 'A' {
		other = "B"
	}
	for name, c := range map[string]struct {
		seal *Seal
		text string
		now  time.Time
	}{
		"ended":          {s, text, now.Add(time.Hour)},
		"changed":        {s, text[:20] + other + text[21:], now},
		"another secret": {New([]byte("another secret of 32 bytes ....!")), text, now},
		"empty":          {s, "", now},
		"no base64":      {s, "%%%", now},
	} {
		if got, err := c.seal.Open(c.text, c.now); err == nil || got.Key != "" {
			t.Errorf("%s: opened as %+v", name, got)
		}
	}
}
