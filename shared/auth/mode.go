package auth

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// private refuses a file of secrets that people beside its owner can read. A group may when the file is not ours: that is how an
// orchestrator hands a secret to a process that is not root. Where files have no modes, nothing is asked.
func private(path string, info fs.FileInfo) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	refused := fs.FileMode(0o077)
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Getuid() {
		refused = 0o007
	}
	if info.Mode().Perm()&refused == 0 {
		return nil
	}
	return fmt.Errorf("keys file %s can be read or changed by others (mode %04o): run \"chmod 600 %s\"; on a mount without modes set "+
		"AISLE_KEYS_FILE_ANY_MODE=true",
		path, info.Mode().Perm(), path)
}
