package auth

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const keysFileEnv = "AISLE_TEST_KEYS_FILE"

// TestKeysMadeAtOnceAreAllKept has twenty processes add a key each.
func TestKeysMadeAtOnceAreAllKept(t *testing.T) {
	t.Parallel()
	if path := os.Getenv(keysFileEnv); path != "" {
		_, key, err := Generate(NewKey{Kind: KindSecret, Shop: "north"}, time.Now())
		if err == nil {
			err = AppendKey(path, key)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	const n = 20
	dir := filepath.Join(t.TempDir(), "keys")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "keys.json")
	var running sync.WaitGroup
	failed := make(chan error, n)
	for range n {
		running.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
			cmd.Env = append(os.Environ(), keysFileEnv+"="+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				failed <- fmt.Errorf("%w: %s", err, out)
			}
		})
	}
	running.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	f, err := ReadKeysFile(path)
	if err != nil || len(f.Keys) != n {
		t.Errorf("%d of %d keys are kept, %v", len(f.Keys), n, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("beside the keys file and its lock there is something left: %v, %v", entries, err)
	}
}
