package auth

import (
	"os"
	"strings"
	"testing"
)

func TestAKeysFileThatOthersCanReadIsRefused(t *testing.T) {
	t.Parallel()
	for mode, good := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o620: false, 0o604: false, 0o644: false} {
		path, _ := keysFile(t, NewKey{Kind: KindSecret, Shop: "red"})
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := NewAuthenticator(Options{KeysFile: path})
		if good != (err == nil) || err != nil && !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %v: %v", mode, err)
		}
		if _, err := NewAuthenticator(Options{KeysFile: path, KeysFileAnyMode: true}); err != nil {
			t.Errorf("mode %v on a mount without modes: %v", mode, err)
		}
	}
}

func TestAServiceKeyThatCanBeGuessedIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := NewAuthenticator(Options{ServiceKeys: []string{strings.Repeat("k", 31)}}); err == nil ||
		!strings.Contains(err.Error(), "32") || strings.Contains(err.Error(), "kkk") {
		t.Errorf("31 characters: %v", err)
	}
	if _, err := NewAuthenticator(Options{ServiceKeys: []string{strings.Repeat("k", 32), ""}}); err != nil {
		t.Errorf("32 characters: %v", err)
	}
}

func TestOnlyAServiceKeyMayHoldTheScopeOfTheAdminPort(t *testing.T) {
	t.Parallel()
	k := Key{Kind: KindSecret, Shop: "red", Digest: digest("x"), Scopes: []string{ScopeAdminRead}}
	if err := k.validate(); err == nil {
		t.Error("a shop's key got it")
	}
	if k.Kind = KindService; k.validate() != nil {
		t.Errorf("a service's key: %v", k.validate())
	}
}
