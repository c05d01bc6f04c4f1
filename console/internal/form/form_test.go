package form

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
)

func TestAProblemStandsBesideItsField(t *testing.T) {
	t.Parallel()
	p := apierror.Invalid("The rule cannot be stored.",
		apierror.FieldError{Pointer: "/factor", Detail: "is <1>"}, apierror.FieldError{Pointer: "/elsewhere", Detail: "is odd"})
	f := New(url.Values{"factor": {`"9"`}, "op": {"old"}}, p, func(pointer string) string {
		if pointer == "/factor" {
			return "factor"
		}
		return ""
	})
	for name, c := range map[string]struct{ html, want string }{
		"the error, escaped": {
			fmt.Sprint(f.Number("factor", "Factor", "")), `<p class="error" id="f-factor-error">is &lt;1&gt;</p>`,
		},
		"told to screen readers": {
			fmt.Sprint(f.Number("factor", "Factor", "h")), `aria-invalid="true" aria-describedby="f-factor-error f-factor-hint"`,
		},
		"what was entered":        {fmt.Sprint(f.Number("factor", "Factor", "")), `value="&#34;9&#34;"`},
		"a stored choice is kept": {fmt.Sprint(f.Select("op", "Is", "", Options("eq"))), `<option value="old" selected>`},
		"no mark on a field that is ok": {
			fmt.Sprint(f.Text("title", "Title", "")),
			`<div class="field" id="f-title-field"><label for="f-title">Title</label><input type="text" id="f-title" ` +
				`name="title" value=""></div>`,
		},
	} {
		if !strings.Contains(c.html, c.want) {
			t.Errorf("%s: %s lacks %s", name, c.html, c.want)
		}
	}
	if len(f.Problem.Errors) != 1 || f.Problem.Errors[0].Pointer != "/elsewhere" {
		t.Errorf("left for the whole form: %+v", f.Problem.Errors)
	}
}

func TestWhatIsWrongWithAFieldThatAFormLacksStaysWithTheForm(t *testing.T) {
	t.Parallel()
	p := apierror.Invalid("No.", apierror.FieldError{Pointer: "/type", Detail: "is none"}, apierror.FieldError{
		Pointer: "/event", Detail: "is odd",
	})
	f := New(nil, p, Fields("event"))
	if len(f.Problem.Errors) != 1 || f.Problem.Errors[0].Pointer != "/type" ||
		!strings.Contains(fmt.Sprint(f.Text("event", "Event", "")), "is odd") {
		t.Errorf("left for the form: %+v", f.Problem.Errors)
	}
}
