package merchandise

import (
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// qualityData is the report on the catalogue with its findings in words.
type qualityData struct {
	profileapi.CatalogueQuality
	Findings []finding
}

// finding is one thing that is wrong with items, in words: what, how to mend it, of how many,
// and some of them.
type finding struct {
	Name, Mend string
	Count      int64
	Items      []words.ItemLink
}

// findingWords says what the code of a finding means and how to mend it; events is how many
// were looked at. A code that it does not know is its own name.
func findingWords(code string, events int) (name, mend string) {
	switch code {
	case profileapi.NoTitle:
		return "No title", "Texts of new items are what they are recommended by: send titles."
	case profileapi.NoImage:
		return "No picture", "Cards without a picture are seldom clicked: send image_url."
	case profileapi.NoPrice:
		return "No price, or a price of 0", "Send prices, or hide what cannot be bought."
	case profileapi.NoCategory:
		return "No category", "Category pages and fallbacks leave such items out: send category_path."
	case profileapi.NoURL:
		return "No link", "A card leads nowhere without url."
	case profileapi.SoldOut:
		return "Sold out", "Nothing to mend: they are not recommended until they are back."
	case profileapi.SameGTIN:
		return "One GTIN for several items", "Variants of one product have GTINs of their own; the same product twice is one item too many."
	case profileapi.NotSeen:
		return "Not seen lately", "None of the latest " + words.Number(events) +
			" events names them, neither shown, looked at nor bought: a placement of the newest, a pin or a boost gives them places."
	}
	return code, ""
}

// quality shows the report of GET /v1/stats/items.
func quality(v *page.Visit) (any, error) {
	report, err := page.Get[profileapi.CatalogueQuality](v, v.Profile, "/v1/stats/items", nil)
	if err != nil {
		return nil, err
	}
	d := &qualityData{CatalogueQuality: report}
	for _, f := range report.Findings {
		shown := finding{Count: f.Count}
		shown.Name, shown.Mend = findingWords(f.Code, report.Events)
		for _, item := range f.Examples {
			shown.Items = append(shown.Items, words.ItemLink{ID: item.ItemID, Title: item.Title})
		}
		d.Findings = append(d.Findings, shown)
	}
	return d, nil
}
