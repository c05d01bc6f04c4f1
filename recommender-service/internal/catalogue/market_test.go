package catalogue

import (
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// TestFieldsComeInTheLanguageOfTheMarket: by the tag, else by the language; what a translation lacks comes from the item itself.
func TestFieldsComeInTheLanguageOfTheMarket(t *testing.T) {
	t.Parallel()
	p := newInterner()
	src := profileapi.Item{
		ItemID: "pot", Title: "Teapot", Description: "Made of clay", Language: "en", Translations: profileapi.Translations{
			"de": {Title: "Teekanne", Description: "Aus Ton"}, "pt-BR": {Title: "Bule"}, "en-US": {Title: "Tea pot"},
		},
	}
	it := &p.compact(&src, nil).item
	for language, want := range map[string][3]string{
		"": {"Teapot", "Made of clay", "en"}, "de": {"Teekanne", "Aus Ton", "de"}, "DE-at": {"Teekanne", "Aus Ton", "de"},
		"pt": {"Bule", "Made of clay", "pt-BR"}, "en-GB": {"Teapot", "Made of clay", "en"}, "en-us": {"Tea pot", "Made of clay", "en-US"},
		"fr": {"Teapot", "Made of clay", "en"},
	} {
		m := &recommenderapi.Market{Language: language}
		for n, name := range []string{"title", "description", "language"} {
			if got, _ := it.MarketField(name, m); got != want[n] {
				t.Errorf("%s in %q is %q, want %q", name, language, got, want[n])
			}
		}
		if sold := it.SoldIn(m); sold != (language != "fr") {
			t.Errorf("sold in %q: %v", language, sold)
		}
	}
	again := p.compact(&src, it.Source)
	if again.source.rare != it.Source.rare {
		t.Error("translations that stay the same are kept twice")
	}
	src.Translations["de"] = profileapi.Translation{Title: "Kanne"}
	if got, _ := p.compact(&src, it.Source).item.MarketField("title", &recommenderapi.Market{Language: "de"}); got != "Kanne" {
		t.Errorf("a new translation is %q", got)
	}
}
