// Package text finds similar items by what their catalogue entry says, so that an item without any event has neighbours
// the moment it is in the catalogue.
//
// An item's title, description, category path, brand, tags and translations become weighted terms: what package tokens makes of their
// words in the language that package language says. Brand, category and attributes are terms as a whole, too, which are the same in all
// languages. Terms are weighed by BM25F's saturated field weights (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009,
// §3.6) times inverse document frequency, and items compared by the cosine of these vectors. Explain shows all of it for one item, with
// the entities that package entities finds. Translations by package dictionary lead from words, and from items, to those of other
// languages.
//
// The main type is Index, an inverted index in memory that is updated item by item. Answers depend on the items it holds, and on those that
// its dictionary was learnt from, never on the order or number of updates that led there. Package lookup joins its neighbours with those
// found from behaviour. The package does no input or output.
package text
