package procstat_test

import (
	"os"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/procstat"
)

func TestAProcessIsCounted(t *testing.T) {
	t.Parallel()
	before, ok := procstat.Of(os.Getpid())
	if !ok || before.Parent != os.Getppid() || before.Resident < 1<<20 {
		t.Fatalf("%+v, %t; the parent is %d", before, ok, os.Getppid())
	}
	for after := before; after.Own < before.Own+20*time.Millisecond; after, _ = procstat.Of(os.Getpid()) {
		for n := range 1_000_000 { // work until the kernel has counted two ticks of it
			_ = n * n
		}
	}
	if tree := procstat.Tree(os.Getpid()); tree < before.Own+20*time.Millisecond {
		t.Errorf("the tree took %v, its root alone more than %v", tree, before.Own)
	}
	if _, ok := procstat.Of(-1); ok || procstat.Tree(0) != 0 {
		t.Error("a process that cannot be is counted")
	}
}
