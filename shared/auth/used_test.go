package auth

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"
)

func TestTheLastUseOfAKeyIsKnown(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), "keys.json")
	secret, key, err := Generate(NewKey{Kind: KindSecret, Shop: "north"}, now)
	if err == nil {
		err = AppendKey(file, key)
	}
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAuthenticator(Options{KeysFile: file, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Used()) != 0 || a.Open() {
		t.Errorf("used before any use: %v, open %v", a.Used(), a.Open())
	}
	for range 2 {
		now = now.Add(time.Hour)
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-API-Key", secret)
		if _, err := a.Authenticate(r); err != nil {
			t.Fatal(err)
		}
		if at := a.Used()[key.ID]; !at.Equal(now) {
			t.Errorf("used at %v, want %v", at, now)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-API-Key", "sk_unknown")
	if _, err := a.Authenticate(r); err == nil || len(a.Used()) != 1 {
		t.Errorf("an unknown key: %v, %v", err, a.Used())
	}
}
