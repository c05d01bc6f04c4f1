package process

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is the version that this tree becomes, by semantic versioning; scripts/release.sh builds exactly this one.
const release = "0.1.0"

// These are set by the linker: go build -ldflags "-X github.com/aisle-rec/aisle/shared/process.version=0.1.0 -X …process.commit=…".
var version, commit string

// Version returns the version of the running program: that of the linker, else the coming one
// as a version under development, "0.1.0-dev+COMMIT".
func Version() string {
	if version != "" {
		return version
	}
	v := release + "-dev"
	if c := Commit(); c != "" {
		v += "+" + c
	}
	return v
}

// Commit returns the commit that the program was built from: that of the linker, else that which the Go tool recorded; "" when nobody did.
func Commit() string {
	if commit != "" {
		return commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	found, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			found = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ".changed"
		}
	}
	if found == "" {
		return ""
	}
	return found + changed
}

// Build is the answer to --version: version, commit, Go and platform.
func Build() string {
	c := Commit()
	if c == "" {
		c = "unknown"
	}
	return fmt.Sprintf("%s (commit %s, %s, %s/%s)", Version(), c, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
