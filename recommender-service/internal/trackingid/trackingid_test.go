package trackingid_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
)

func longest() trackingid.ID {
	return trackingid.ID{
		At: time.UnixMilli(1<<47 - 1).UTC(), Nonce: 1<<64 - 1, Models: 1<<32 - 1, ScenarioVersion: 1<<63 - 1,
		Scenario: strings.Repeat("s", trackingid.MaxName), Experiment: strings.Repeat("e", trackingid.MaxArm), Arm: strings.Repeat("a", trackingid.MaxArm),
	}
}

func TestIDsComeBackWholeAndStayShort(t *testing.T) {
	t.Parallel()
	for _, id := range []trackingid.ID{{At: time.UnixMilli(0).UTC()}, longest(), {At: time.UnixMilli(1.7e12).UTC(), Scenario: "home.for_you", ScenarioVersion: 3, Nonce: 7}} {
		text := id.String()
		if len(text) > 200 {
			t.Errorf("%d characters; an event takes 256", len(text))
		}
		back, err := trackingid.Parse(text)
		if diff := cmp.Diff(id, back); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
}

func TestAnyChangedCharacterIsNoticed(t *testing.T) {
	t.Parallel()
	text := longest().String()
	for n := range text {
		for _, c := range "Ab_9" {
			changed := text[:n] + string(c) + text[n+1:]
			if _, err := trackingid.Parse(changed); changed != text && !errors.Is(err, trackingid.ErrInvalid) {
				t.Fatalf("character %d changed to %c: %v", n, c, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(longest().String())
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := trackingid.Parse(text)
		if err == nil && id.String() != text && len(id.Scenario) <= trackingid.MaxName && len(id.Experiment) <= trackingid.MaxArm && len(id.Arm) <= trackingid.MaxArm {
			t.Errorf("%q is read as %+v, which is written as %q", text, id, id.String())
		}
	})
}
