package event

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

var window = Bounds{Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Earliest: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)}

func TestDecodeKeepsEveryField(t *testing.T) {
	t.Parallel()
	body := ` {"event_id":"e\u00e9\ud83d\ude00","type":"Order Completed",
		"occurred_at":"2026-02-28T23:00:00.5+01:00","user_id":"u","session_id":"s","order_id":"o","value":12.5,
		"items":[{"item_id":"a","quantity":2,"price":3.25,"recommendation_id":"r","colour":"red"},{"item_id":"b"}],
		"recommendation_id":"r0","position":3,"currency":"GBP","page":"/x","consent":{"personalization":true,"analytics":false},
		"properties":{"k":[1,{"d":null}]},"unknown":{"a":[]}} `
	got, err := NewRules(profileapi.DefaultEventWeights()).Decode([]byte(body), window)
	if err != nil || len(got.Events) != 1 || len(got.Events[0].Errors) != 0 || !got.Single {
		t.Fatalf("%+v, %v", got, err)
	}
	wire, err := got.Events[0].Event.Wire()
	if err != nil {
		t.Fatal(err)
	}
	var want profileapi.Event
	expected := json.NewDecoder(strings.NewReader(body))
	expected.UseNumber()
	if err := expected.Decode(&want); err != nil {
		t.Fatal(err)
	}
	want.Type = "purchase"
	if diff := cmp.Diff(want, wire); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeReadsListsAndWrappers(t *testing.T) {
	t.Parallel()
	one := `{"type":"view_item","user_id":"u","item_id":"i"}`
	for body, want := range map[string]string{
		"[" + one + "," + `{"type":7}]`: "/1/type", `{"key":"pk","events":[` + one + `,{"type":7}]}`: "/events/1/type",
	} {
		got, err := NewRules(profileapi.DefaultEventWeights()).Decode([]byte(body), window)
		if err != nil || len(got.Events) != 2 || got.Single || got.Events[1].Errors[0].Pointer != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

// TestAVisitorsClockThatIsAheadCostsNothing sends the same from a server, which can mend its clock, and from a page.
func TestAVisitorsClockThatIsAheadCostsNothing(t *testing.T) {
	t.Parallel()
	body := []byte(`{"type":"view_item","user_id":"u","item_id":"i","occurred_at":"2026-03-01T09:00:00Z"}`)
	for _, page := range []bool{false, true} {
		bounds := window
		bounds.FromPage = page
		got, err := NewRules(profileapi.DefaultEventWeights()).Decode(body, bounds)
		if err != nil || len(got.Events) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		e, told := got.Events[0], got.Events[0].Errors
		if page {
			told = e.Warnings
		}
		if len(e.Errors)+len(e.Warnings) != 1 || len(told) != 1 || told[0].Pointer != "/occurred_at" || told[0].Code != "event_in_future" {
			t.Errorf("from a page %t: errors %+v, warnings %+v", page, e.Errors, e.Warnings)
		}
		if page && (e.Event.OccurredMs != window.Now.UnixMilli() || e.Event.Timed || !e.Event.FromPage) {
			t.Errorf("from a page: %+v", e.Event)
		}
	}
}

// FuzzDecode holds the decoder against encoding/json: what that refuses as JSON must be refused, and an accepted event must survive its
// stored form.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"type":"view_item","user_id":"u","item_id":"i"}`, `[{"type":"rate","user_id":"u","item_id":"i","value":4.5e0}]`, `{"events":[]}`,
		`[`, `{"a":01}`, `{"a":"\ud800"}`,
		`{"type":"purchase","session_id":"s","items":[{"item_id":"a","quantity":-0}],"properties":{"a":{"b":[true,false,null,1e5]}}}`,
		"\"\x00\"", `{"type":"view_item","user_id":"\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	rules := NewRules(profileapi.DefaultEventWeights())
	f.Fuzz(func(t *testing.T, data []byte) {
		body, err := rules.Decode(data, window)
		var size *SizeError
		if valid := json.Valid(data) && utf8.Valid(data); !valid && err == nil {
			t.Fatalf("accepted what is no JSON")
		} else if valid && err != nil && !errors.As(err, &size) && (data[0] == '{' ||
			data[0] == '[') && !strings.Contains(err.Error(), "nested") && !strings.Contains(err.Error(), "events") {
			t.Fatalf("refused JSON: %v", err)
		}
		for i := range body.Events {
			if e := &body.Events[i].Event; len(body.Events[i].Errors) == 0 {
				if _, err := e.Wire(); err != nil {
					t.Fatal(err)
				}
				lines, err := DecodeLines(nil, AppendLines(nil, e.Lines))
				if err != nil || len(lines) != len(e.Lines) {
					t.Fatalf("lines: %v, %v", lines, err)
				}
			}
		}
	})
}

func TestLinesSurviveTheirStoredForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Line {
			l := Line{
				ItemID: rapid.StringN(1, 300, -1).Draw(t, "item"), Quantity: float64(rapid.Float32Range(0, 1e6).Draw(t, "quantity")),
				RecommendationID: rapid.String().Draw(t, "recommendation"),
			}
			if l.HasPrice = rapid.Bool().Draw(t, "priced"); l.HasPrice {
				l.Price = rapid.Float64Range(0, 1e12).Draw(t, "price")
			}
			return l
		}), 1, 20).Draw(t, "lines")
		got, err := DecodeLines(nil, AppendLines(nil, want))
		if err != nil || cmp.Diff(want, got) != "" {
			t.Fatalf("%v\n%v\n%v", want, got, err)
		}
	})
}

func FuzzDecodeLines(f *testing.F) {
	f.Add(AppendLines(nil, []Line{{ItemID: "a", Quantity: 2, HasPrice: true, Price: 1, RecommendationID: "r"}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, err := DecodeLines(nil, data)
		if err == nil && len(data) > 0 && len(lines)*2 > len(data) {
			t.Fatalf("%d lines of %d bytes", len(lines), len(data))
		}
	})
}

func TestWeightsOfTypes(t *testing.T) {
	t.Parallel()
	w := profileapi.DefaultEventWeights()
	five := 5.0
	for name, want := range map[string]float64{
		"view_item": 1, "purchase": 5, "refund": -5, "remove_from_cart": -1, "search": 0, "nothing": 0,
	} {
		if got := w.Of(name, nil); got != want {
			t.Errorf("%s weighs %v", name, got)
		}
	}
	if got := w.Of("rate", &five); got != 2 || math.IsNaN(got) {
		t.Errorf("rating 5 weighs %v", got)
	}
	one := 1.0
	if high, low, view := w.Teaches("rate", &five), w.Teaches("rate", &one), w.Teaches("view_item", nil); high != 2 || low != .2 ||
		view != 1 {
		t.Errorf("ratings of 5 and 1 and a view teach %v, %v and %v", high, low, view)
	}
}

func BenchmarkDecode(b *testing.B) {
	one := `{"event_id":"0192f3c4-0000-7000-8000-000000000001","type":"view_item",` +
		`"occurred_at":"2026-02-01T12:00:00.000Z","user_id":"user-12345","session_id":"session-123456","item_id":"item-1234"}`
	body := []byte("[" + strings.Repeat(one+",", 999) + one + "]")
	rules := NewRules(profileapi.DefaultEventWeights())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.Decode(body, window); err != nil {
			b.Fatal(err)
		}
	}
}

func TestStoredPropertiesComeBackDigitByDigit(t *testing.T) {
	t.Parallel()
	// Such numbers were stored before they were refused; one must not make a person's export fail.
	const kept = `{"properties":{"id":12345678901234567890,"x":-1e999}}`
	e := Event{Rest: []byte(kept)}
	out, err := e.Wire()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(out.Properties)
	if want := `{"id":12345678901234567890,"x":-1e999}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v, want %s", text, err, want)
	}
}
