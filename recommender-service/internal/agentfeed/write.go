package agentfeed

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	// productsAtOnce is how many products are made of one look at the catalogue: changes wait for less than a millisecond.
	productsAtOnce = 256
	// examples is how many ids a finding names.
	examples = 20
)

// note counts an item of which something is found.
func note(in *map[string]recommenderapi.FeedFinding, id, code string) {
	if *in == nil {
		*in = map[string]recommenderapi.FeedFinding{}
	}
	found := (*in)[code]
	found.Count++
	if len(found.ItemIDs) < examples {
		found.ItemIDs = append(found.ItemIDs, id)
	}
	(*in)[code] = found
}

// Write writes a line per product of a shop, in the order in which items came, and returns what they lack. It holds nothing of the
// catalogue while w writes; a product that changes in between is written as it is then.
func Write(ctx context.Context, w io.Writer, shop *catalogue.Shop, form Form) (recommenderapi.FeedFindings, error) {
	var (
		found  recommenderapi.FeedFindings
		buffer bytes.Buffer
	)
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	for next, more := int32(0), true; more; next += productsAtOnce {
		if err := ctx.Err(); err != nil {
			return found, err
		}
		var failed error
		shop.Read(func(v *catalogue.View) {
			m := maker{form, v, &found}
			more = int(next)+productsAtOnce < v.Len()
			for i := next; i < next+productsAtOnce && int(i) < v.Len() && failed == nil; i++ {
				it := v.Item(i)
				if it == nil || it.Head != it.Index {
					continue
				}
				if p, ok := m.product(it); ok {
					found.Products++
					found.Variants += len(p.Variants)
					failed = encoder.Encode(p)
				}
			}
		})
		if failed != nil {
			return found, failed
		}
		if _, err := w.Write(buffer.Bytes()); err != nil {
			return found, err
		}
		buffer.Reset()
	}
	return found, nil
}
