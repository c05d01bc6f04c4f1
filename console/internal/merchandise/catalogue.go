package merchandise

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// itemsShown is how many items a page of the catalogue has.
const itemsShown = 50

// catalogueData is one page of the catalogue with the filter that it was made with.
type catalogueData struct {
	Query, Status, Brand, Category, Parent string
	Items                                  []profileapi.Item
	Next                                   string // query of the page after this one
}

// catalogue asks GET /v1/items, filtered by the fields of the page. A category is typed as one
// text, "Shoes > Boots", and asked for level by level.
func catalogue(v *page.Visit) (any, error) {
	d := &catalogueData{
		Query: v.Text("q"), Status: v.Text("status"), Brand: v.Text("brand"), Category: v.Text("category"), Parent: v.Text("parent"),
	}
	query := url.Values{"limit": {words.Whole(itemsShown)}}
	for name, value := range map[string]string{
		"q": d.Query, "status": d.Status, "brand": d.Brand, "parent_id": d.Parent, "cursor": v.Text("cursor"),
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if d.Category != "" {
		query["category"] = levels(d.Category)
	}
	found, err := page.Get[profileapi.Page[profileapi.Item]](v, v.Profile, "/v1/items", query)
	if err != nil {
		return nil, err
	}
	d.Items = found.Items
	if found.NextCursor != nil {
		next := url.Values{"cursor": {*found.NextCursor}}
		for name, value := range map[string]string{
			"q": d.Query, "status": d.Status, "brand": d.Brand, "category": d.Category, "parent": d.Parent,
		} {
			if value != "" {
				next.Set(name, value)
			}
		}
		d.Next = next.Encode()
	}
	return d, nil
}

// levels are the levels of a path that was entered as one text, the uppermost first: "Shoes >
// Boots" is {"Shoes", "Boots"}.
func levels(category string) []string {
	var list []string
	for level := range strings.SplitSeq(category, ">") {
		if level = strings.TrimSpace(level); level != "" {
			list = append(list, level)
		}
	}
	return list
}

// itemData is the page of one item. What a service could not say is nil or empty, with a note.
type itemData struct {
	Item      profileapi.Item
	Variants  []profileapi.Item
	Relations []relationList
	Counts    []typeCount
	Read      int // events that were counted
	// All says that Read is every event about the item, not only the latest.
	All   bool
	Ranks []rank
	Other string // the item whose link with this one is explained
	// Pairs has the link with Other in each relation that has one.
	Pairs   []similarityapi.Pair
	Text    *similarityapi.ItemText
	Reviews *similarityapi.ItemReviews
}

// Heading implements the page's title.
func (d *itemData) Heading() string { return cmp.Or(d.Item.Title, d.Item.ItemID) }

// relationList are the neighbours of the item in one relation, from the live model or from the
// Version that was asked for. Problem is why there are none.
type relationList struct {
	Relation, Version, Source string
	Neighbours                []neighbour
	Problem                   string
}

// neighbour is one of them with what the catalogue says of it; Title and Image are empty when
// it says nothing.
type neighbour struct {
	similarityapi.Neighbour
	Title, Image string
}

// rank is the place of the item in a list of what is popular, from 1, among Of items.
type rank struct {
	Window string
	Place  int // 0: not among those that were asked for
	Of     int
}

// relations are those that models are made of, in the order of the page.
func relations() []string {
	return []string{similarityapi.Similar, similarityapi.BoughtTogether, similarityapi.ViewedNext}
}

// item shows one item with everything that is known of it. Only the catalogue's record must be
// there. The rest, a dozen calls and one for each neighbour, is left out with a note when it
// fails, so that the page still helps while a service is away.
func item(v *page.Visit) (any, error) {
	id := v.Text("id")
	item, err := page.Get[profileapi.Item](v, v.Profile, "/v1/items/"+page.Escape(id), nil)
	if err != nil {
		return nil, err
	}
	d := &itemData{Item: item, Other: v.Text("other")}
	variants := page.Optional[profileapi.Page[profileapi.Item]](v, v.Profile, "variants",
		"/v1/items", url.Values{"parent_id": {id}, "limit": {"100"}})
	d.Variants = variants.Items
	for _, relation := range relations() {
		d.Relations = append(d.Relations, neighbours(v, id, relation, v.Text("model_"+relation)))
		if d.Other == "" {
			continue
		}
		pair, err := page.Get[similarityapi.Pair](
			v, v.Similarity, "/v1/similarities/"+page.Escape(id)+"/"+page.Escape(d.Other), url.Values{"relation": {relation}},
		)
		if v.Part("link of "+relation, err); err == nil {
			d.Pairs = append(d.Pairs, pair)
		}
	}
	describe(v, d.Relations)
	text, err := page.Get[similarityapi.ItemText](v, v.Similarity, "/v1/items/"+page.Escape(id)+"/text", nil)
	if v.Part("text", err); err == nil {
		d.Text = &text
	}
	reviews, err := page.Get[similarityapi.ItemReviews](v, v.Similarity, "/v1/items/"+page.Escape(id)+"/reviews", nil)
	if v.Part("reviews", err); err == nil {
		d.Reviews = &reviews
	}
	events, err := page.Get[profileapi.Page[profileapi.StoredEvent]](v, v.Profile, "/v1/events", url.Values{
		"item_id": {id}, "limit": {words.Whole(page.EventsRead)},
	})
	if v.Part("events", err); err == nil {
		d.Counts, d.Read, d.All = countTypes(events.Items), len(events.Items), events.NextCursor == nil
	}
	for _, window := range []string{"popular", "trending", "best_sellers"} {
		list, err := page.Get[similarityapi.PopularAnswer](v, v.Similarity, "/v1/popular", url.Values{"window": {window}, "limit": {"500"}})
		if v.Part(window, err); err == nil {
			at := slices.IndexFunc(list.Items, func(n similarityapi.Neighbour) bool { return n.ItemID == id })
			d.Ranks = append(d.Ranks, rank{words.Spaced(window), at + 1, len(list.Items)})
		}
	}
	return d, nil
}

// neighbours reads the best ten of the item from the live model, or from the version that is
// named.
func neighbours(v *page.Visit, id, relation, version string) relationList {
	query := url.Values{"relation": {relation}, "limit": {"10"}}
	if version != "" {
		query.Set("model_version", version)
	}
	list := relationList{Relation: words.Spaced(relation), Version: version}
	type answer struct {
		similarityapi.NeighbourList
		ModelVersion string `json:"model_version"`
	}
	a, err := page.Get[answer](v, v.Similarity, "/v1/similarities/"+page.Escape(id), query)
	if err != nil {
		list.Problem = err.Error()
		return list
	}
	list.Version, list.Source = a.ModelVersion, a.Source
	for _, n := range a.Neighbours {
		list.Neighbours = append(list.Neighbours, neighbour{Neighbour: n})
	}
	return list
}

// describe gives the neighbours their titles and pictures, with a look-up for each item that is
// new. The look-ups are taken out of the calls that the page shows: thirty of them would hide
// the others.
func describe(v *page.Visit, lists []relationList) {
	known := map[string]profileapi.Item{} // by id as it stands in a path
	for l := range lists {
		for n := range lists[l].Neighbours {
			one := &lists[l].Neighbours[n]
			id := page.Escape(one.ItemID)
			item, ok := known[id]
			if !ok {
				item, _ = page.Get[profileapi.Item](v, v.Profile, "/v1/items/"+id, nil) // one that is gone is shown by its id
				known[id] = item
			}
			one.Title, one.Image = item.Title, item.ImageURL
		}
	}
	v.Calls = slices.DeleteFunc(v.Calls, func(call string) bool {
		_, isItem := known[strings.TrimPrefix(call, "GET /v1/items/")]
		return isItem
	})
}

// typeCount is how many events of a type there are.
type typeCount struct {
	Name  string
	Count int64
}

// countTypes counts events by type, the most frequent first, equal ones by name.
func countTypes(events []profileapi.StoredEvent) []typeCount {
	byType := map[string]int64{}
	for _, e := range events {
		byType[e.Type]++
	}
	var list []typeCount
	for name, n := range byType {
		list = append(list, typeCount{Name: name, Count: n})
	}
	slices.SortFunc(list, func(a, b typeCount) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	return list
}
