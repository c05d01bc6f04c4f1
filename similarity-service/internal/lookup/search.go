package lookup

import "github.com/aisle-rec/aisle/shared/similarityapi"

// Search returns the products whose texts have most of the words of a query, at most as many as it asks for, best first. A query that is
// the id or an alias of an item finds that first.
func (l *Lookup) Search(shop string, r similarityapi.SearchRequest) []similarityapi.Neighbour {
	found := l.current(shop).texts.Search(r.Q, r.Language, r.Limit)
	list := make([]similarityapi.Neighbour, 0, len(found)+1)
	named, known := l.families.Family(shop, r.Q)
	if known {
		list = append(list, similarityapi.Neighbour{ItemID: named, Score: 1})
	}
	for _, n := range found {
		if !known || n.ID != named {
			list = append(list, similarityapi.Neighbour{ItemID: n.ID, Score: n.Score})
		}
	}
	return list[:min(len(list), r.Limit)]
}
