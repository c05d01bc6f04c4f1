package trackingid_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
)

var keys = trackingid.NewKeys([]byte("a secret of an installation"))

func longest() trackingid.ID {
	return trackingid.ID{
		At: time.UnixMilli(1<<47 - 1).UTC(), Nonce: 1<<64 - 1, Models: 1<<32 - 1, ScenarioVersion: 1<<63 - 1,
		Scenario: strings.Repeat("s", trackingid.MaxName), Experiment: strings.Repeat("e", trackingid.MaxArm),
		Arm: strings.Repeat("a", trackingid.MaxArm),
	}
}

func TestIDsComeBackWholeAndStayShort(t *testing.T) {
	t.Parallel()
	for _, id := range []trackingid.ID{
		{At: time.UnixMilli(0).UTC()}, longest(),
		{At: time.UnixMilli(1.7e12).UTC(), Scenario: "home.for_you", ScenarioVersion: 3, Nonce: 7},
	} {
		text := keys.Sign("north", id)
		if len(text) > 210 {
			t.Errorf("%d characters; an event takes 256", len(text))
		}
		back, err := keys.Verify("north", text)
		if diff := cmp.Diff(id, back); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
}

func TestAnyChangedCharacterIsNoticed(t *testing.T) {
	t.Parallel()
	text := keys.Sign("north", longest())
	for n := range text {
		for _, c := range "Ab_9" {
			changed := text[:n] + string(c) + text[n+1:]
			if _, err := keys.Verify("north", changed); changed != text && !errors.Is(err, trackingid.ErrInvalid) &&
				!errors.Is(err, trackingid.ErrForged) {
				t.Fatalf("character %d changed to %c: %v", n, c, err)
			}
		}
	}
}

// TestOnlyWhatWasGivenOutInAShopIsBelieved signs with another secret, for another shop, and at another time than it says.
func TestOnlyWhatWasGivenOutInAShopIsBelieved(t *testing.T) {
	t.Parallel()
	id := trackingid.ID{At: time.UnixMilli(1.7e12).UTC(), Scenario: "home.for_you", ScenarioVersion: 3, Experiment: "e", Arm: "b"}
	for name, text := range map[string]string{
		"another secret": trackingid.NewKeys([]byte("another")).Sign("north", id),
		"another shop":   keys.Sign("south", id),
		"version 1":      "AQGiBFCb6BKjSH43RyrLaHumZAIMaG9tZS5mb3JfeW91AAALwQe3", // whose checksum is right
	} {
		if _, err := keys.Verify("north", text); !errors.Is(err, trackingid.ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := trackingid.Read(text); err != nil {
			t.Errorf("%s cannot be read: %v", name, err)
		}
	}
	later := id
	later.At = id.At.AddDate(0, 2, 0)
	if a, b := keys.Sign("north", id), keys.Sign("north", later); a[len(a)-16:] == b[len(b)-16:] {
		t.Error("the signature says nothing of the time")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(keys.Sign("north", longest()))
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := trackingid.Read(text)
		if err != nil {
			return
		}
		again, err := trackingid.Read(keys.Sign("north", id))
		if whole := len(id.Scenario) <= trackingid.MaxName && len(id.Experiment) <= trackingid.MaxArm &&
			len(id.Arm) <= trackingid.MaxArm; whole && (err != nil || again != id) {
			t.Errorf("%q is read as %+v, and written and read again as %+v, %v", text, id, again, err)
		}
	})
}
