package event

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestReviews(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 10_001)
	for name, c := range map[string]struct {
		event string
		bad   string // pointer and code of the error, then of warnings
		want  string // the event as it is given back
	}{
		"rating and text": {
			`{"type":"review","rating":4.5,"text":"Warm & dry"}`, "", `{"rating":4.5,"text":"Warm \u0026 dry"}`,
		},
		"a rating alone":                {`{"type":"review","rating":"3"}`, "", `{"rating":3}`},
		"a text alone":                  {`{"type":"review","text":"Fits"}`, "", `{"text":"Fits"}`},
		"the rating in value":           {`{"type":"review","value":2}`, "", `{"rating":2}`},
		"of a rate event":               {`{"type":"rate","rating":2}`, "", `{"value":2}`},
		"neither":                       {`{"type":"review"}`, "/rating invalid_rating", ""},
		"blanks":                        {`{"type":"review","text":" \n"}`, "/rating invalid_rating", ""},
		"more than there is":            {`{"type":"review","rating":6,"text":"Fits"}`, "/rating invalid_rating", ""},
		"less than there is":            {`{"type":"review","value":0}`, "/value invalid_rating", ""},
		"words for a rating":            {`{"type":"review","rating":"good","text":"Fits"}`, "/rating wrong_type", `{"text":"Fits"}`},
		"a text that is too long":       {`{"type":"review","rating":1,"text":"` + long + `"}`, "/text too_long", `{"rating":1}`},
		"a rating of something else":    {`{"type":"like","rating":5}`, "/rating unknown_field", `{}`},
		"a text of something else":      {`{"type":"like","text":"x"}`, "/text unknown_field", `{}`},
		"what others call its parts":    {`{"type":"review","stars":5,"text":"x"}`, "/stars near_field", `{"text":"x"}`},
		"a rate event without a rating": {`{"type":"rate"}`, "/value invalid_rating", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"user_id":"u","item_id":"i",` + c.event[1:]
			got, err := NewRules(profileapi.DefaultEventWeights()).Decode([]byte(body), window)
			if err != nil {
				t.Fatal(err)
			}
			judged := got.Events[0]
			var bad []string
			for _, e := range append(judged.Errors, judged.Warnings...) {
				bad = append(bad, e.Pointer+" "+e.Code)
			}
			if strings.Join(bad, ", ") != c.bad || (len(judged.Errors) > 0) != (c.want == "") {
				t.Fatalf("errors %v, warnings %v; want %q", judged.Errors, judged.Warnings, c.bad)
			}
			if c.want == "" {
				return
			}
			wire, err := judged.Event.Wire()
			if err != nil {
				t.Fatal(err)
			}
			part, err := json.Marshal(struct {
				Value  *float64 `json:"value,omitempty"`
				Rating *float64 `json:"rating,omitempty"`
				Text   string   `json:"text,omitempty"`
			}{wire.Value, wire.Rating, wire.Text})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(part)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
