package terminal

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
)

// Progress shows the stage of a long command on standard error: a bar on a terminal, one line
// per stage elsewhere, so that a log is not filled with bars. It is safe for concurrent use:
// stages report from several goroutines.
type Progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	// stage is the one that was reported last, "" before the first; bar is nil where there is
	// none.
	stage string
	bar   *progressbar.ProgressBar
}

// NewProgress returns a progress that draws to w; only a file can be a terminal. The caller
// ends it before anything else is printed.
func NewProgress(w io.Writer) *Progress {
	p := &Progress{w: w}
	if file, ok := w.(*os.File); ok {
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// Report says that done of total steps of a stage are done; total is −1 when it is not known. A
// stage that differs from the last begins a new bar.
func (p *Progress) Report(stage string, done, total int) {
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
	// Reports of several goroutines may come late; a bar does not go back.
	if p.bar != nil && int64(done) > p.bar.State().CurrentNum {
		p.bar.Set(done) //nolint:errcheck // a bar that cannot be drawn is no reason to fail
	}
}

// End takes the bar off the screen. It may be called more than once.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
}

// finish does the work of end for callers that hold the lock.
func (p *Progress) finish() {
	if p.bar != nil {
		p.bar.Finish() //nolint:errcheck // as above
		p.bar = nil
	}
}
