package view

import (
	"fmt"
	"strings"
	"testing"

	g "maragu.dev/gomponents"

	"github.com/aisle-rec/aisle/shared/apierror"
)

func TestNoScriptComesFromTheShop(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,<script>", "vbscript:x", "\x01javascript:x",
	} {
		for _, n := range []g.Node{Thumb(address, "A cup", false), External(address)} {
			html := fmt.Sprint(n)
			for _, never := range []string{"href=", "src=", "<script>"} {
				if strings.Contains(html, never) {
					t.Errorf("%q: %s", address, html)
				}
			}
		}
	}
	for _, address := range []string{"https://shop.example/1.jpg", "/media/1.jpg", "//cdn.example/1.jpg"} {
		if html := fmt.Sprint(Thumb(address, "A cup", true), External(address)); strings.Count(html, `="`+address+`"`) != 2 {
			t.Errorf("%q: %s", address, html)
		}
	}
}

func TestAProblemNamesEveryField(t *testing.T) {
	t.Parallel()
	html := fmt.Sprint(Problem(&apierror.Problem{Detail: "It is <b>wrong</b>.", RequestID: "r-1", Errors: []apierror.FieldError{
		{Pointer: "/title", Detail: "is empty"}, {Parameter: "limit", Detail: "is 0"},
	}}))
	for _, want := range []string{
		`role="alert"`, "It is &lt;b&gt;wrong&lt;/b&gt;.", "<code>/title</code> is empty", "<code>limit</code> is 0", "Request r-1",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q in %s", want, html)
		}
	}
	if Problem(nil) != nil || Warnings(nil) != nil {
		t.Error("something is said of nothing")
	}
}
