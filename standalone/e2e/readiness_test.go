package e2e

import (
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// TestTheFirstAnswersAfterAStartAreWhole asks at once, again and again, while the program starts.
func TestTheFirstAnswersAfterAStartAreWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := startStandalone(t, dir)
	var items []profileapi.Item
	for n := range 3000 { // several pages of the feed
		price := float64(n%50 + 1)
		items = append(items, profileapi.Item{
			ItemID: fmt.Sprintf("i%04d", n), Title: fmt.Sprintf("Lamp %d", n), CategoryPath: []string{"Lamps"}, Price: &price,
			Currency: "EUR",
		})
	}
	for some := range slices.Chunk(items, 1000) {
		if _, err := d.connect("").profile.PutItems(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		d.programs[0].stop(syscall.SIGTERM)
		d = d.restart(t)
		answer, err := d.connect("").recommender.Recommend(t.Context(), recommenderapi.Request{
			Scenario: "home.for_you", SessionID: "s-first-answers", Limit: 10,
		})
		if err != nil || len(answer.Items) != 10 || slices.Contains(answer.Degraded, "catalogue") {
			t.Errorf("the first answer has %d items, degraded %v, %v", len(answer.Items), answer.Degraded, err)
		}
	}
}
