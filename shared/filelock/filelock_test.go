package filelock_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/aisle-rec/aisle/shared/filelock"
)

func TestALockIsOfOneAtATime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data.lock")
	release, err := filelock.Try(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := filelock.Try(path); !errors.Is(err, filelock.ErrHeld) {
		t.Errorf("somebody else got %v, want ErrHeld", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := filelock.Try(path)
	if err != nil {
		t.Fatalf("after its release: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
	if _, err := filelock.Try(filepath.Join(t.TempDir(), "no", "folder.lock")); err == nil || errors.Is(err, filelock.ErrHeld) {
		t.Errorf("without a folder: %v", err)
	}
}
