package serving

import (
	"os"
	"os/exec"
	"runtime"
)

// openBrowser opens pages where somebody sits before the machine: in a terminal of a desktop.
// Where that fails, the printed addresses are enough. It returns before the browser has
// started.
func openBrowser(addresses ...string) {
	program := map[string]string{"darwin": "open", "linux": "xdg-open"}[runtime.GOOS]
	// On Linux a desktop sets one of these two variables; a server that is reached by ssh has
	// neither.
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
			// Waited for, so that no dead process stays behind while the demo serves on.
			go func() { _ = cmd.Wait() }()
		}
	}
}
