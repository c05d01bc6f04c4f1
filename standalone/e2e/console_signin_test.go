package e2e

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestConsoleSignIn signs in with keys of several scopes: who may change nothing sees no button that would, and nobody sees anything
// without a key.
func TestConsoleSignIn(t *testing.T) {
	t.Parallel()
	for form, open := range oneAddress {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			consoleSignIn(t, open)
		})
	}
}

func consoleSignIn(t *testing.T, open func(t *testing.T, keysFile string) *program) {
	file := filepath.Join(t.TempDir(), "keys.json")
	admin := keyOf(t, file, "north")
	viewer := keyOf(
		t, file, "north", "--scope", "config:read", "--scope", "models:read", "--scope", "catalogue:read", "--scope", "events:read",
		"--scope", "users:read", "--scope", "recommendations:read",
	)
	p := open(t, file)
	d := &webDemo{program: p, clients: connectTo(p, admin), axe: axeCore(t)}
	ctx, wrong := d.tab(t, narrow)
	d.look(t, ctx, wrong, "/console/sign-in", "main form")
	picture(t, ctx, "console-signin-narrow")
	sign := func(key string) chromedp.Action {
		return chromedp.Tasks{chromedp.WaitVisible("#key"), enter("#key", key), press("Sign in")}
	}
	steps(t, d, narrow,
		"nobody", chromedp.Navigate(d.url("/console/rules")), says("h1", "Sign in"),
		"a viewer", sign(viewer), says("h1", "Rules"), says(".who", "viewer"), says("main", "There is no rule yet"),
		holds(`![...document.querySelectorAll("main a, main button")].some((n) => n.textContent.includes("New rule"))`),
		"what he may not see", chromedp.Navigate(d.url("/console/keys")), says("main", "audit:read"),
		"empty pages say what to do", chromedp.Navigate(d.url("/console/")), says("main", "has come in"),
		chromedp.Navigate(d.url("/console/catalogue")), says("main", "The catalogue is empty"),
		"signed out", chromedp.Navigate(d.url("/console/models")),
		chromedp.Evaluate(`document.querySelector("[data-menu]").open = true; document.querySelector(".who button").click()`, nil),
		says("h1", "Sign in"),
		"an admin", sign(admin), says("h1", "Overview"), says(".who", "admin"), chromedp.Navigate(d.url("/console/keys")),
		says("main table", "secret"),
	)
	refused(t, d, sign, viewer)
}

// refused is told that a key is unknown, beside the field, and then which scope a page needs.
func refused(t *testing.T, d *webDemo, sign func(string) chromedp.Action, viewer string) {
	t.Helper()
	ctx, _ := d.tab(t, wide) // a 401 and a 403 are errors in the browser's own log
	err := chromedp.Run(
		ctx, chromedp.Navigate(d.url("/console/audit")), sign("sk_wrong"), says("#key-problem", "not known"), sign(viewer),
		says("main .bad", "audit:read"),
	)
	if err != nil {
		t.Error(err)
	}
}
