package visitor_test

import (
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// names is a catalogue of items, categories and brands with these names.
type names []string

func (l names) Find(id string) int32       { return int32(slices.Index(l, id)) }
func (l names) ID(i int32) string          { return l[i] }
func (l names) Category(path string) int32 { return l.Find(path) }
func (l names) Brand(name string) int32    { return l.Find(name) }
func (l names) Name(n int32) string        { return l[n] }

func profile() *profileapi.Profile {
	word := strings.Clone // every decoded text has memory of its own
	p := &profileapi.Profile{UserID: "ann", Known: true}
	for _, types := range [][]string{{"purchase", "view_item"}, {"purchase", "view_item"}, {"purchase view_item"}} {
		p.Recent = append(p.Recent, profileapi.ProfileItem{ItemID: word("lamp"), Type: word(types[0]), Types: slices.Clone(types), Decayed: 1})
	}
	p.Recent[2].ItemID = "unheard of"
	p.Purchased = []profileapi.PurchasedItem{{ItemID: word("lamp"), Quantity: 1}, {ItemID: "unheard of", Quantity: 1}}
	p.Affinity.Categories = []profileapi.AffinityValue{{Value: word("Home > Light"), Weight: 2}, {Value: "Elsewhere", Weight: 1}}
	p.Affinity.Brands = []profileapi.AffinityValue{{Value: word("Acme"), Weight: 3}}
	return p
}

func TestAJoinedVisitorIsTheSameInSharedMemory(t *testing.T) {
	t.Parallel()
	catalogue := names{"Home > Light", "lamp", "Acme"}
	want, got := visitor.Of(profile()), visitor.Of(profile())
	var types visitor.Types
	got.Join(catalogue, &types)
	for n, index := range []int32{1, 1, visitor.Unknown} {
		want.History[n].Item = index
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(visitor.Visitor{})); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	for what, pair := range map[string][2]string{
		"item": {got.History[0].ItemID, catalogue[1]}, "purchased item": {got.Purchased[0].ItemID, catalogue[1]}, "category": {got.Categories[0].Value, catalogue[0]},
		"brand": {got.Brands[0].Value, catalogue[2]}, "type": {got.History[0].Type, got.History[1].Types[0]},
	} {
		if unsafe.StringData(pair[0]) != unsafe.StringData(pair[1]) {
			t.Errorf("%s: %q has memory of its own", what, pair[0])
		}
	}
}
