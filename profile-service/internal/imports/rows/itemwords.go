package rows

import (
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
)

// stockWords maps the words of feeds and exports, without blanks, dashes and the address of schema.org, to states of stock.
func stockWords() map[string]string {
	words := map[string]string{}
	for status, list := range map[string]string{
		profileapi.InStock: "instock available availablefororder limitedavailability limitedstock lowstock onlineonly instoreonly " +
			"unlimited infinite unbegrenzt lieferbar vorratig verfugbar enstock disponible disponibile opvoorraad " +
			"1 true yes y ja oui si",
		profileapi.OutOfStock: "outofstock soldout unavailable notavailable discontinued ausverkauft vergriffen nichtauflager " +
			"nichtlieferbar nichtverfugbar rupture epuise agotado esaurito uitverkocht 0 false no n nein non",
		profileapi.Preorder:  "preorder presale comingsoon",
		profileapi.Backorder: "backorder onbackorder backordered madetoorder",
	} {
		for w := range strings.FieldsSeq(list) {
			words[w] = status
		}
	}
	return words
}

// stockWord reads an availability; an unknown word says nothing and is reported.
func (d *draft) stockWord(c *table.Column, text string) {
	status, ok := d.b.stockState(text)
	if !ok {
		d.warn("unknown_word", c.Name, text, "The word says nothing about the stock, so that the item counts as in stock. "+
			"Say what it means with --map-value 'stock.status:"+clip(text)+"=in_stock', or =out_of_stock.")
		return
	}
	d.stock = status
}

// stockState returns the state of stock that a word means. The words are made once per file.
func (b *builder) stockState(text string) (status string, ok bool) {
	if b.stockStates == nil {
		b.stockStates = stockWords()
	}
	word := strings.ToLower(text)
	if at := strings.LastIndexByte(word, '/'); at >= 0 {
		word = word[at+1:]
	}
	status, ok = b.stockStates[table.Letters(word)]
	return status, ok
}

// statusWord reads a status, a visibility or whether the item is published; the most restrictive of several columns counts.
// Words are those of WooCommerce, Shopify, Magento and their like; "search" hides an item,
// since it is then in no list.
func (d *draft) statusWord(c *table.Column, text string) {
	status := ""
	switch word := strings.ToLower(text); {
	case c.Field == "published":
		if shown, ok := parseBoolean(text); ok {
			status = map[bool]string{true: profileapi.ItemActive, false: profileapi.ItemHidden}[shown]
		}
	case c.Field == "hidden":
		if hidden, ok := parseBoolean(text); ok {
			status = map[bool]string{false: profileapi.ItemActive, true: profileapi.ItemHidden}[hidden]
		}
	case slices.Contains(
		[]string{
			"active", "visible", "catalog", "both", "everywhere", "publish", "published", "enabled", "online", "shown", "1", "true", "yes",
			"catalog, search", "catalog/search",
		},
		word,
	):
		status = profileapi.ItemActive
	case slices.Contains(
		[]string{
			"hidden", "none", "nowhere", "search", "draft", "private", "pending", "disabled", "inactive", "offline", "unlisted",
			"not visible individually", "0", "false", "no",
		},
		word,
	):
		status = profileapi.ItemHidden
	case slices.Contains([]string{"archived", "deleted", "discontinued", "trash"}, word):
		status = profileapi.ItemArchived
	}
	if status == "" {
		d.warn("unknown_word", c.Name, text, "The word is no status, so that it hides nothing. "+
			"Say what it means with --map-value '"+c.Field+":"+clip(text)+"=hidden', or =active.")
		return
	}
	order := []string{"", profileapi.ItemActive, profileapi.ItemHidden, profileapi.ItemArchived}
	if slices.Index(order, status) > slices.Index(order, d.status) {
		d.status = status
	}
}
