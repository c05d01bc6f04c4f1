package console

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	// qualityItems bounds how many items the report looks at; it says so when there are more.
	qualityItems = 20_000
	// fewItems is how many items a category needs for its placements to vary.
	fewItems = 5
	// findingsShown is how many items of a finding are listed.
	findingsShown = 20
)

type qualityData struct {
	Looked   int
	All      bool
	Findings []finding
	Few      []count // categories with too few items that can be sold
	Shown    bool    // it is known which items were lately shown or bought
	Events   int
}

// finding is one thing that is wrong with items.
type finding struct {
	Name, Mend string
	Count      int
	Items      []itemLink
}

// checks are what the report looks for in each item.
func checks() []struct {
	name, mend string
	wrong      func(*profileapi.Item) bool
} {
	return []struct {
		name, mend string
		wrong      func(*profileapi.Item) bool
	}{
		{
			"No title", "Texts of new items are what they are recommended by: send titles.",
			func(i *profileapi.Item) bool { return strings.TrimSpace(i.Title) == "" },
		},
		{
			"No picture", "Cards without a picture are seldom clicked: send image_url.",
			func(i *profileapi.Item) bool { return i.ImageURL == "" },
		},
		{
			"No price, or a price of 0", "Send prices, or hide what cannot be bought.",
			func(i *profileapi.Item) bool { return i.Price == nil || *i.Price == 0 },
		},
		{
			"No category", "Category pages and fallbacks leave such items out: send category_path.",
			func(i *profileapi.Item) bool { return len(i.CategoryPath) == 0 },
		},
		{"No link", "A card leads nowhere without url.", func(i *profileapi.Item) bool { return i.URL == "" }},
		{
			"Sold out", "Nothing to mend: they are not recommended until they are back.",
			func(i *profileapi.Item) bool { return i.Stock != nil && i.Stock.Status == profileapi.OutOfStock },
		},
	}
}

// quality looks through the active items of the catalogue, page by page.
func (c *console) quality(v *visit) (any, error) {
	d := &qualityData{}
	all, found := checks(), map[int]*finding{}
	byGTIN, byCategory, active := map[string][]itemLink{}, map[string]int64{}, map[string]itemLink{}
	query := url.Values{"limit": {"1000"}, "status": {"active"}}
	for d.Looked < qualityItems {
		page, err := get[profileapi.Page[profileapi.Item]](v, v.profile, "/v1/items", query)
		if err != nil {
			return nil, err
		}
		for n := range page.Items {
			item := &page.Items[n]
			link := itemLink{item.ItemID, item.Title}
			active[item.ItemID] = link
			for k, check := range all {
				if check.wrong(item) {
					add(found, k, finding{Name: check.name, Mend: check.mend}, link)
				}
			}
			if item.GTIN != "" {
				byGTIN[item.GTIN] = append(byGTIN[item.GTIN], link)
			}
			if len(item.CategoryPath) > 0 {
				byCategory[profileapi.CategoryValue(item.CategoryPath)]++
			}
		}
		d.Looked += len(page.Items)
		if page.NextCursor == nil {
			d.All = true
			break
		}
		query.Set("cursor", *page.NextCursor)
	}
	v.calls = v.calls[:min(1, len(v.calls))]
	for _, links := range byGTIN {
		if len(links) > 1 {
			for _, link := range links {
				add(
					found, len(all),
					finding{
						Name: "One GTIN for several items",
						Mend: "Variants of one product have GTINs of their own; the same product twice is one item too many.",
					},
					link,
				)
			}
		}
	}
	d.neverTouched(v, active, found, len(all)+1)
	for _, k := range slices.Sorted(maps.Keys(found)) {
		d.Findings = append(d.Findings, *found[k])
	}
	for name, n := range byCategory {
		if n < fewItems {
			d.Few = append(d.Few, count{Name: name, Count: n})
		}
	}
	slices.SortFunc(d.Few, func(a, b count) int { return cmp.Or(cmp.Compare(a.Count, b.Count), cmp.Compare(a.Name, b.Name)) })
	d.Few = d.Few[:min(len(d.Few), findingsShown)]
	return d, nil
}

// neverTouched finds the items that none of the latest events names.
func (d *qualityData) neverTouched(v *visit, active map[string]itemLink, found map[int]*finding, at int) {
	events, err := get[profileapi.Page[profileapi.StoredEvent]](v, v.profile, "/v1/events", url.Values{"limit": {whole(eventsRead)}})
	if v.part("items that nobody saw", err); err != nil || len(events.Items) == 0 {
		return
	}
	d.Shown, d.Events = true, len(events.Items)
	touched := map[string]bool{}
	for _, e := range events.Items {
		touched[e.ItemID] = true
		for _, line := range e.Items {
			touched[line.ItemID] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(active)) {
		if !touched[id] {
			add(
				found, at,
				finding{
					Name: "Not seen lately",
					Mend: "None of the latest " + grouped(whole(int64(d.Events))) +
						" events names them, neither shown, looked at nor bought: exploration gives such items places.",
				},
				active[id],
			)
		}
	}
}

func add(found map[int]*finding, k int, f finding, link itemLink) {
	if found[k] == nil {
		found[k] = &f
	}
	found[k].Count++
	if len(found[k].Items) < findingsShown {
		found[k].Items = append(found[k].Items, link)
	}
}
