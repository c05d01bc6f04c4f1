package recommenderapi_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	fast "github.com/segmentio/encoding/json"

	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

func TestFieldsAreAnObject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields recommenderapi.Fields
		want   string
	}{
		"none": {nil, `{"item_id":"i"}`},
		"in their order": {
			recommenderapi.Fields{{"title", `A "lamp" <b>`}, {"price", 9.5}},
			`{"item_id":"i","fields":{"title":"A \"lamp\" <b>","price":9.5}}`,
		},
		"values of kinds": {
			recommenderapi.Fields{{"tags", []any{"a", "b"}}, {"ok", true}, {"x", map[string]any{"y": 1.0}}},
			`{"item_id":"i","fields":{"tags":["a","b"],"ok":true,"x":{"y":1}}}`,
		},
		"odd names": {recommenderapi.Fields{{"attributes.\"q\"\n", "v"}}, `{"item_id":"i","fields":{"attributes.\"q\"\n":"v"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			type item struct {
				ItemID string                `json:"item_id"`
				Fields recommenderapi.Fields `json:"fields,omitempty"`
			}
			in := item{"i", c.fields}
			got, err := fast.Append(nil, in, 0)
			if err != nil || string(got) != c.want {
				t.Errorf("%s, %v; want %s", got, err, c.want)
			}
			var plain any
			if err := json.Unmarshal(got, &plain); err != nil {
				t.Errorf("not JSON: %v", err)
			}
			var back item
			if err := json.Unmarshal(got, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(in, back); diff != "" {
				t.Errorf("written and read again: %s", diff)
			}
		})
	}
	var f recommenderapi.Fields
	if err := json.Unmarshal([]byte(`["title"]`), &f); err == nil {
		t.Error("a list was taken for fields")
	}
	if f = (recommenderapi.Fields{{"title", "Lamp"}}); f.Get("title") != "Lamp" || f.Get("price") != nil {
		t.Errorf("title %v, price %v", f.Get("title"), f.Get("price"))
	}
}
