// Package text finds similar items by what their catalogue entry says, so that an item without any event has neighbours
// the moment it is in the catalogue.
//
// An item's title, description, category path, brand and tags become weighted terms: markup stripped, Unicode NFKC,
// lower case, stop words dropped, Snowball stems in the item's language, character pairs for scripts that do not put
// spaces between words. Terms are weighed by BM25F's saturated field weights (Robertson, Zaragoza: The Probabilistic
// Relevance Framework, 2009, §3.6) times inverse document frequency, and items compared by the cosine of these vectors.
//
// The main type is Index, an inverted index in memory that is updated item by item. Answers depend on the items it
// holds, never on the order or number of updates that led there. Package lookup joins its neighbours with those found
// from behaviour. The package does no input or output.
package text
