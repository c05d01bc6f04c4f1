package rows

import (
	"html"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// otherCategories is the attribute that holds the further categories of an item, as "Home > Lighting".
const otherCategories = "categories"

// categories takes the narrowest of several categories as the path, the first of several that
// are as narrow; those that are no part of it are kept as an attribute.
func (d *draft) categories(c *table.Column, text string) {
	if d.b.rooted {
		text = strings.ReplaceAll(text, "/", ">")
	}
	paths := categoryPaths(text, d.b.several || severalCategories(c.Name))
	if d.b.rooted {
		for i := range paths {
			paths[i] = paths[i][1:]
		}
		paths = slices.DeleteFunc(paths, func(p []string) bool { return len(p) == 0 })
	}
	if len(paths) == 0 {
		return
	}
	best := paths[0]
	for _, p := range paths[1:] {
		if len(p) > len(best) {
			best = p
		}
	}
	var others []string
	for _, p := range paths {
		if len(p) > len(best) || !slices.Equal(p, best[:len(p)]) {
			others = append(others, strings.Join(p, " > "))
		}
	}
	d.item["category_path"] = best
	if len(others) > 0 {
		d.attributes[otherCategories] = others
	}
}

// severalCategories reports whether a header word is a plural, so that commas stand between categories.
func severalCategories(header string) bool {
	switch table.Word(header) {
	case "categories", "kategorien", "categorias", "categorieen", "kategorier":
		return true
	}
	return false
}

// categoryPaths takes "Home, Home > Lighting" apart. Commas separate where the header is a plural; else they belong to the names. A path
// may be written "/home/lighting", as in an address.
func categoryPaths(text string, several bool) [][]string {
	parts := strings.Split(text, table.List)
	if len(parts) == 1 && strings.ContainsRune(text, '|') {
		parts = strings.Split(text, "|")
	} else if len(parts) == 1 && several {
		parts = strings.Split(strings.ReplaceAll(text, `\,`, "\x00"), ",")
	}
	if len(parts) == 1 && strings.ContainsRune(text, ';') && !strings.ContainsRune(text, '&') { // an entity ends in one
		parts = strings.Split(text, ";")
	}
	var paths [][]string
	for _, p := range parts {
		p = strings.TrimSpace(html.UnescapeString(strings.ReplaceAll(p, "\x00", ",")))
		if rest, ok := strings.CutPrefix(p, "/"); ok {
			p = strings.ReplaceAll(rest, "/", ">")
		}
		levels := split(strings.NewReplacer("»", ">", "›", ">").Replace(p), ">")
		if len(levels) > 0 {
			paths = append(paths, levels)
		}
	}
	return paths
}

// googleCategory takes the category of Google's taxonomy when the shop names none of its own; a number of it is no category.
func (d *draft) googleCategory() {
	if d.google == "" {
		return
	}
	if d.item["category_path"] != nil {
		d.attributes["google_product_category"] = d.google
		return
	}
	if strings.Trim(d.google, "0123456789") == "" {
		d.warn(
			"numeric_category", "google_product_category", d.google,
			"A number is no category to show or filter by. It is kept as an attribute; send product_type too.",
		)
		d.attributes["google_product_category"] = d.google
		return
	}
	d.item["category_path"] = split(html.UnescapeString(d.google), ">")
}
