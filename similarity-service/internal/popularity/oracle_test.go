package popularity

import (
	"cmp"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// plain counts and ranks the plain way, with maps of ids and full sorts, all of it again each time. It is the oracle of the counter.
type plain struct {
	epoch, newest time.Time
	sums          []map[string]float64
}

func newPlain() *plain {
	k := &plain{}
	for range windows() {
		k.sums = append(k.sums, map[string]float64{})
	}
	return k
}

func (k *plain) moveTo(epoch time.Time) {
	for w, window := range windows() {
		fade := window.fade(epoch.Sub(k.epoch))
		for id := range k.sums[w] {
			k.sums[w][id] *= fade
		}
	}
	k.epoch = epoch
}

func (k *plain) add(b *profileapi.InteractionBlock) {
	for n := range b.Len() {
		if at := time.UnixMilli(b.OccurredAt[n]); at.After(k.newest) {
			k.newest = at
		}
	}
	for _, window := range windows() {
		if k.newest.Sub(k.epoch) > farAhead*window.HalfLife {
			k.moveTo(k.newest)
		}
	}
	for w, window := range windows() {
		sums := make([]float64, len(b.Items))
		for n := range b.Len() {
			if window.Counts(b.Types[b.Type[n]]) {
				sums[b.Item[n]] += float64(b.Weight[n]) * window.fade(k.epoch.Sub(time.UnixMilli(b.OccurredAt[n])))
			}
		}
		for at, sum := range sums {
			k.sums[w][b.Items[at]] += sum
		}
	}
}

// rank returns the lists by window and category.
func (k *plain) rank(catalogue Catalogue, shop string, now time.Time) map[string]map[string][]similarityapi.Neighbour {
	lists := map[string]map[string][]similarityapi.Neighbour{}
	for w, window := range windows() {
		at := now
		if last := k.newest.Add(silence * window.HalfLife); at.After(last) {
			at = last
		}
		fade := window.fade(at.Sub(k.epoch))
		by := map[string][]similarityapi.Neighbour{}
		for id, sum := range k.sums[w] {
			_, names, known := catalogue.FamilyOf(shop, id)
			if !known || sum <= 0 {
				continue
			}
			e := similarityapi.Neighbour{ItemID: id, Score: sum * fade}
			by[wholeShop] = append(by[wholeShop], e)
			for _, name := range names {
				by[name] = append(by[name], e)
			}
		}
		for name, entries := range by {
			slices.SortFunc(entries, func(a, b similarityapi.Neighbour) int {
				return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ItemID, b.ItemID))
			})
			by[name] = slices.Clone(entries[:min(len(entries), listed)])
		}
		lists[window.Name] = by
	}
	return lists
}

// shelves are a catalogue that counts how often it is asked for items.
type shelves struct {
	items    map[string][]string
	variants map[string]string // to their products
	revision uint64
	asked    int
}

func (s *shelves) FamilyOf(_, id string) (string, []string, bool) {
	s.asked++
	head := id
	if product, ok := s.variants[id]; ok {
		head = product
	}
	names, known := s.items[head]
	return head, names, known
}

func (s *shelves) Revision(string) uint64 { return s.revision }

func (s *shelves) put(id string, names ...string) {
	s.items[id] = names
	s.revision++
}

func (s *shelves) remove(id string) {
	delete(s.items, id)
	s.revision++
}
