// Package quality looks through a shop's catalogue for what keeps products from being recommended well. The main type is Reporter.
package quality

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	// latestEvents is how many of the latest events tell whether an item is seen: about half a second of reading.
	latestEvents = 100_000
	// pageItems are read at a time.
	pageItems = 1000
	// examples is how many items of a finding, and how many categories, are named.
	examples = 20
	// fewItems is how many items a category needs for its placements to vary.
	fewItems = 5
)

// Reporter makes reports.
type Reporter struct {
	Catalogue *catalogue.Catalogue
	Log       store.EventLog
	Now       func() time.Time
}

// Report looks at every active item of a shop: about ten seconds for a million.
func (r *Reporter) Report(ctx context.Context, shop string) (profileapi.CatalogueQuality, error) {
	report := profileapi.CatalogueQuality{AsOf: wire.TimeOf(r.Now()), Findings: []profileapi.QualityFinding{}}
	seen, events, err := r.seen(ctx, shop)
	if err != nil {
		return report, err
	}
	report.Events = events
	l := newLook(seen, events > 0)
	for after := ""; ; {
		items, err := r.Catalogue.List(ctx, shop, catalogue.Filter{Status: profileapi.ItemActive, After: after, Limit: pageItems})
		if err != nil {
			return report, err
		}
		for n := range items {
			l.at(&items[n])
		}
		report.Items += len(items)
		if len(items) < pageItems {
			break
		}
		after = items[len(items)-1].ItemID
	}
	report.Findings, report.SmallCategories = l.findings(), small(l.categories)
	return report, nil
}

// seen returns the items that the latest events name, and how many events those are.
func (r *Reporter) seen(ctx context.Context, shop string) (items map[string]bool, events int, err error) {
	last, err := r.Log.LastSeq(ctx, shop)
	if err != nil {
		return nil, 0, err
	}
	items = map[string]bool{}
	var lines []event.Line
	var damaged error
	err = r.Log.Scan(ctx, shop, store.ScanQuery{UpTo: last, Descending: true, Limit: latestEvents}, func(e *store.Event) bool {
		lines, damaged = event.DecodeLines(lines[:0], e.Lines)
		for k := range lines {
			items[lines[k].ItemID] = true
		}
		events++
		return damaged == nil
	})
	return items, events, cmp.Or(err, damaged)
}

// small returns the smallest of the categories that have too few items.
func small(categories map[string]int64) []profileapi.CategorySize {
	sizes := []profileapi.CategorySize{}
	for _, name := range slices.Sorted(maps.Keys(categories)) {
		if n := categories[name]; n < fewItems {
			sizes = append(sizes, profileapi.CategorySize{Category: name, Items: n})
		}
	}
	slices.SortStableFunc(sizes, func(a, b profileapi.CategorySize) int { return cmp.Compare(a.Items, b.Items) })
	return sizes[:min(len(sizes), examples)]
}

// look is what was found so far.
type look struct {
	seen       map[string]bool // items that events name
	judgesSeen bool            // there are events
	found      map[string]*profileapi.QualityFinding
	categories map[string]int64
	gtins      map[string]*profileapi.ItemName // the first item of each GTIN, nil behind its second
	families   map[string]bool                 // products that have variants, and whether one of those was seen
	// alone are items that would be found if they had no variants, which is known at the end: products of variants have no price of their
	// own, and events name the variants.
	alone map[string][]profileapi.ItemName
}

func newLook(seen map[string]bool, judgesSeen bool) *look {
	return &look{
		seen: seen, judgesSeen: judgesSeen, found: map[string]*profileapi.QualityFinding{}, categories: map[string]int64{},
		gtins: map[string]*profileapi.ItemName{}, families: map[string]bool{}, alone: map[string][]profileapi.ItemName{},
	}
}

// at looks at an item.
func (l *look) at(item *profileapi.Item) {
	name := profileapi.ItemName{ItemID: item.ItemID, Title: item.Title}
	for code, wrong := range map[string]bool{
		profileapi.NoTitle:    strings.TrimSpace(item.Title) == "",
		profileapi.NoImage:    item.ImageURL == "",
		profileapi.NoCategory: len(item.CategoryPath) == 0,
		profileapi.NoURL:      item.URL == "",
		profileapi.SoldOut:    item.Stock != nil && item.Stock.Status == profileapi.OutOfStock,
	} {
		if wrong {
			l.add(code, name)
		}
	}
	l.sameGTIN(item.GTIN, name)
	if len(item.CategoryPath) > 0 {
		l.categories[profileapi.CategoryValue(item.CategoryPath)]++
	}
	if noPrice(item) {
		l.alone[profileapi.NoPrice] = append(l.alone[profileapi.NoPrice], name)
	}
	if item.ParentID != "" {
		l.families[item.ParentID] = l.families[item.ParentID] || l.seen[item.ItemID]
	} else if l.judgesSeen && !l.seen[item.ItemID] {
		l.alone[profileapi.NotSeen] = append(l.alone[profileapi.NotSeen], name)
	}
}

func noPrice(item *profileapi.Item) bool {
	for _, market := range item.Prices {
		if market.Price > 0 {
			return false
		}
	}
	return item.Price == nil || *item.Price == 0
}

// sameGTIN adds an item whose GTIN another one has too, and that other one once.
func (l *look) sameGTIN(gtin string, name profileapi.ItemName) {
	if gtin == "" {
		return
	}
	first, known := l.gtins[gtin]
	if !known {
		l.gtins[gtin] = &name
		return
	}
	if first != nil {
		l.add(profileapi.SameGTIN, *first)
		l.gtins[gtin] = nil
	}
	l.add(profileapi.SameGTIN, name)
}

func (l *look) add(code string, name profileapi.ItemName) {
	f := l.found[code]
	if f == nil {
		f = &profileapi.QualityFinding{Code: code}
		l.found[code] = f
	}
	if f.Count++; f.Count <= examples {
		f.Examples = append(f.Examples, name)
	}
}

// findings returns what was found when every item was looked at.
func (l *look) findings() []profileapi.QualityFinding {
	for _, name := range l.alone[profileapi.NoPrice] {
		if _, has := l.families[name.ItemID]; !has {
			l.add(profileapi.NoPrice, name)
		}
	}
	for _, name := range l.alone[profileapi.NotSeen] {
		if !l.families[name.ItemID] {
			l.add(profileapi.NotSeen, name)
		}
	}
	out := []profileapi.QualityFinding{}
	for _, code := range profileapi.QualityCodes {
		if f := l.found[code]; f != nil {
			out = append(out, *f)
		}
	}
	return out
}
