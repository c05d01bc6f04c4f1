package cli

import (
	"os"
	"os/exec"
	"runtime"
)

// openBrowser opens pages where somebody sits before the machine: in a terminal of a desktop. Where that fails, the printed addresses are
// enough.
func openBrowser(addresses ...string) {
	program := map[string]string{"darwin": "open", "linux": "xdg-open"}[runtime.GOOS]
	desktop := runtime.GOOS == "darwin" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
	info, err := os.Stdout.Stat()
	if program == "" || !desktop || err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	if program, err = exec.LookPath(program); err != nil {
		return
	}
	for _, address := range addresses {
		cmd := exec.Command(program, address) //nolint:gosec // addresses of this server
		if cmd.Start() == nil {
			go func() { _ = cmd.Wait() }()
		}
	}
}
