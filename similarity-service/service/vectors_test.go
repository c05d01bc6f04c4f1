package service_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestANewItemWithAVectorHasNeighboursAtOnce: nobody has seen it, it has no text, and no model knows it.
func TestANewItemWithAVectorHasNeighboursAtOnce(t *testing.T) {
	t.Parallel()
	p := shop(1)
	p.items[0].Vectors = profileapi.Vectors{"picture": {1, 0, .1}}
	c, h := startWithHandler(t, p, settings(t))
	p.set(func(p *peer) {
		p.items = append(p.items, profileapi.Item{ItemID: "new", Vectors: profileapi.Vectors{"picture": {2, 0, 0}}})
	})
	eventually(t, "the new item has neighbours", func() error {
		list := neighbours(t, c, similarityapi.Similar, "new")
		if len(list.Neighbours) != 1 || list.Neighbours[0].ItemID != itemID(0, 0) || list.Source != "vectors" {
			return fmt.Errorf("got %+v, want %s by vectors", list, itemID(0, 0))
		}
		return nil
	})
	answer := httptest.NewRecorder()
	h.ServeHTTP(
		answer, httptest.NewRequestWithContext(deadline(t), http.MethodGet, "http://localhost/v1/similarities/new/"+itemID(0, 0), nil),
	)
	var pair similarityapi.Pair
	if err := json.Unmarshal(answer.Body.Bytes(), &pair); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("status %d (%v): %s", answer.Code, err, answer.Body)
	}
	if pair.VectorSimilarity < .99 || pair.TextSimilarity != 0 {
		t.Errorf(
			"the pair is alike by %v of the vectors and %v of the texts, want nearly 1 and 0", pair.VectorSimilarity, pair.TextSimilarity,
		)
	}
}
