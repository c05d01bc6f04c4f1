package cli

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
)

// progress shows the stage of a long command on standard error: a bar on a terminal, one line per stage elsewhere.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	stage    string
	bar      *progressbar.ProgressBar
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if file, ok := w.(*os.File); ok {
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) report(stage string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stage != p.stage {
		p.finish()
		p.stage = stage
		if p.terminal {
			p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(stage),
				progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
		} else {
			fmt.Fprintf(p.w, "%s …\n", stage)
		}
	}
	if p.bar != nil && int64(done) > p.bar.State().CurrentNum {
		p.bar.Set(done) //nolint:errcheck // a bar that cannot be drawn is no reason to fail
	}
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
}

func (p *progress) finish() {
	if p.bar != nil {
		p.bar.Finish() //nolint:errcheck // as above
		p.bar = nil
	}
}
