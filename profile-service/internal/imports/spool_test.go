package imports

import (
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestASpooledFileDoesNotOutliveItsProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // there the name stays until the file is closed
	}
	folder := t.TempDir()
	im := New(Options{SpoolDir: folder, MaxFileBytes: 10})
	defer im.Close()
	f, size, err := im.spool(strings.NewReader("a,b"))
	if err != nil {
		t.Fatal(err)
	}
	defer discard(f)
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
	if data, err := io.ReadAll(f); err != nil || string(data) != "a,b" || size != 3 {
		t.Errorf("read %q of %d bytes, %v", data, size, err)
	}
}
