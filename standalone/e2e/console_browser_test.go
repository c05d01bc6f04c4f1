package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// pictures is a folder for pictures of the pages; without it none is made. "go test ./standalone/e2e -run TestConsole -pictures
// docs/pictures" makes those of docs.
var (
	pictures    = flag.String("pictures", "", "folder that the pictures of docs/console.md are written to")
	allPictures = flag.Bool("all-pictures", false, "write a picture of every page there")
)

// docPictures are the pictures that docs show, by the name of the picture that is taken.
var docPictures = map[string]string{
	"console-overview-wide": "console-overview", "console-rule-wide": "console-rule", "console-item-wide": "console-item",
	"console-model-wide": "console-model",
	"console-try-narrow": "console-try-narrow", "shop-product": "shop-product",
}

// The widths at which pages are looked at: a laptop and a telephone.
const (
	wide   = 1280
	narrow = 390
)

// pagePatience bounds every wait within a page.
const pagePatience = 20 * time.Second

// webDemo is a running demo that browsers look at.
type webDemo struct {
	*program
	dir     string // of its data
	clients clients
	axe     string // the script of axe-core; "" when it could not be had
}

// startWebDemo runs "aisle demo" on the orders of a few weeks and waits until it has learnt from them.
func startWebDemo(t *testing.T) *webDemo {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		browser(t) // which says what is left out
	}
	dir := t.TempDir()
	p := &program{
		cmd: exec.Command(
			filepath.Join(binaries, "aisle"), "demo", "--days", "45", "--no-open", "--data", dir, "--listen", "127.0.0.1:0",
			"--admin-listen", "off",
		),
		done: make(chan struct{}),
	}
	var out lockedText
	printed := make(chan string, 1)
	p.cmd.Stdout = &out
	p.cmd.Stderr = &out
	address := regexp.MustCompile(`Console +http://(\S+)/console/`)
	out.wrote = func(text string) {
		if m := address.FindStringSubmatch(text); m != nil {
			select {
			case printed <- m[1]:
			default:
			}
		}
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() { p.stop(os.Interrupt) })
	select {
	case p.address = <-printed:
	case <-p.done:
		t.Fatalf("the demo ended:\n%s", out.String())
	case <-time.After(patience):
		t.Fatalf("the demo is not ready:\n%s", out.String())
	}
	return &webDemo{program: p, dir: dir, clients: connectTo(p, ""), axe: axeCore(t)}
}

// lockedText is the output of a program, which is looked at while it is written.
type lockedText struct {
	mu    sync.Mutex
	b     strings.Builder
	wrote func(all string)
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Write(p)
	l.wrote(l.b.String())
	return len(p), nil
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tab starts a browser of a width and gathers what goes wrong in its pages. Each test has a browser of its own: tabs that are not in front
// do not draw.
func (d *webDemo) tab(t *testing.T, width int64) (context.Context, func() []string) {
	t.Helper()
	ctx := browser(t)
	var mu sync.Mutex
	var wrong []string
	note := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		wrong = append(wrong, text)
	}
	chromedp.ListenTarget(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			note("exception: " + e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError {
				note("console: " + e.Entry.Text + " " + e.Entry.URL)
			}
		}
	})
	if err := chromedp.Run(ctx, log.Enable(), chromedp.EmulateViewport(width, 900)); err != nil {
		t.Fatal(err)
	}
	return ctx, func() []string {
		mu.Lock()
		defer mu.Unlock()
		found := wrong
		wrong = nil
		return found
	}
}

func (d *webDemo) url(path string) string { return "http://" + d.address + path }

// fits fails when the page is wider than the window and stays so: a page that is still being laid out may be for a moment.
func fits(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	var over string
	const widest = `(() => { const w = document.documentElement.clientWidth; if (document.documentElement.scrollWidth <= w) return "";
		const wide = [...document.body.querySelectorAll("*")]
			.filter((n) => n.getBoundingClientRect().right > w + 1 && !n.closest(".scroll, pre, .skip"));
		return document.documentElement.scrollWidth + " > " + w + ": " + wide.slice(0, 3)
			.map((n) => n.tagName + "." + n.className + " " + n.textContent.slice(0, 30)).join(" | "); })()`
	soon, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	eventually(t, soon, what+" fits its window", func() error {
		if err := chromedp.Run(soon, chromedp.Evaluate(widest, &over)); err != nil {
			return err
		}
		if over != "" {
			return fmt.Errorf("it is wider: %s", over)
		}
		return nil
	})
}

// picture writes what the tab shows, when pictures are asked for.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if short, ok := docPictures[name]; ok && !*allPictures {
		name = short
	} else if !*allPictures {
		return
	}
	if *pictures == "" {
		return
	}
	folder := *pictures
	if !filepath.IsAbs(folder) {
		folder = filepath.Join("../..", folder)
	}
	var png []byte
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Run(ctx, chromedp.CaptureScreenshot(&png)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), fewerColours(t, png), 0o644); err != nil {
		t.Fatal(err)
	}
}

// dark makes the tab prefer dark pages.
func dark() chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}})
}

// axeVersion is the version of axe-core that pages are checked with.
const axeVersion = "4.10.3"

// axeCore returns the script of axe-core, which is downloaded once with npm into the cache of the user; "" with a word about it when it
// cannot be had.
func axeCore(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	folder := filepath.Join(cache, "aisle-test", "axe-core-"+axeVersion)
	file := filepath.Join(folder, "package", "axe.min.js")
	if _, err := os.Stat(file); err != nil {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		fetch := exec.CommandContext(ctx, "npm", "pack", "axe-core@"+axeVersion, "--pack-destination", folder)
		fetch.Dir = folder
		if out, err := fetch.CombinedOutput(); err != nil {
			t.Logf("LEFT OUT: axe-core could not be downloaded, so that pages are not checked for accessibility: %v %s", err, out)
			return ""
		}
		unpack := exec.CommandContext(ctx, "tar", "-xzf", "axe-core-"+axeVersion+".tgz", "package/axe.min.js")
		unpack.Dir = folder
		if out, err := unpack.CombinedOutput(); err != nil {
			t.Logf("LEFT OUT: axe-core could not be unpacked, so that pages are not checked for accessibility: %v %s", err, out)
			return ""
		}
	}
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// accessible fails with every serious or critical finding of axe-core.
func (d *webDemo) accessible(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	if d.axe == "" {
		return
	}
	const run = `axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.map((v) => v.id + ": " + v.help + " at " + v.nodes.slice(0, 3)
			.map((n) => n.target.join(" ") + " " + (n.any[0]?.message || "")).join(", ")))`
	var found []string
	err := chromedp.Run(
		ctx, chromedp.Evaluate(d.axe+"\n;0", nil),
		chromedp.Evaluate(run, &found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
	)
	if err != nil {
		t.Fatalf("%s: axe-core: %v", what, err)
	}
	for _, f := range found {
		t.Errorf("%s: %s", what, f)
	}
}

// look opens a page and checks what holds for all: it is whole, fits its window, is accessible, and nothing went wrong in it.
func (d *webDemo) look(t *testing.T, ctx context.Context, wrong func() []string, path, ready string) {
	t.Helper()
	var notShown []string
	soon, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	err := chromedp.Run(soon, chromedp.Navigate(d.url(path)), chromedp.WaitReady(ready, chromedp.ByQuery),
		chromedp.Evaluate(`[...document.querySelectorAll("main > .warn[role=alert], main > .bad")].map((n) => n.textContent)`, &notShown))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, text := range notShown {
		t.Errorf("%s says: %s", path, text)
	}
	fits(t, ctx, path)
	d.accessible(t, ctx, path)
	for _, text := range wrong() {
		t.Errorf("%s: %s", path, text)
	}
}

// enter puts a text into a field in place of what is there, as typing does.
func enter(selector, text string) chromedp.Action {
	return chromedp.Tasks{holds(`document.readyState === "complete"`),
		chromedp.Evaluate(fmt.Sprintf(`(() => { const f = document.querySelector(%q); f.focus(); f.value = %q;
		for (const kind of ["input", "change"]) f.dispatchEvent(new Event(kind, {bubbles: true})); })()`, selector, text), nil)}
}

// says waits until an element has a text, over as many pages as it takes.
func says(selector, text string) chromedp.Action {
	return holds(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((n) => n.textContent.includes(%q))`, selector, text))
}

// holds waits until an expression is truthy, over as many pages as it takes. chromedp's own Poll asks the page that it saw last, which
// right after a navigation may be the one before.
func holds(script string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			found := false
			err := chromedp.Evaluate("!!("+script+")", &found).Do(ctx) // fails while one page gives way to the next
			if found {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("it does not hold that %s: %w", script, errors.Join(err, ctx.Err()))
			case <-tick.C:
			}
		}
	})
}

// whole waits for the rest of a page of which a part may be shown already.
func whole() chromedp.Action { return holds(`document.readyState === "complete"`) }

// follow clicks the first element of a selector.
func follow(selector string) chromedp.Action {
	return chromedp.Tasks{whole(), chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).click()`, selector), nil)}
}

// press clicks the button or link with a text in the main part of the page.
func press(text string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		if err := whole().Do(ctx); err != nil {
			return err
		}
		var found bool
		script := fmt.Sprintf(`(() => { const all = [...document.querySelectorAll("main button, main a")];
			const one = all.find((n) => n.textContent.trim() === %[1]q) ??
				all.find((n) => n.textContent.trim().startsWith(%[1]q));
			if (one) { window.confirm = () => true; one.click(); } return !!one; })()`, text)
		if err := chromedp.Evaluate(script, &found).Do(ctx); err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("there is no button or link %q", text)
		}
		return nil
	})
}
