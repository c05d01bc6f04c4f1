package demoshop

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// picture draws a product: the outline of its category in a colour of its own.
func (s *Shop) picture(w http.ResponseWriter, r *http.Request) {
	id, ok := strings.CutSuffix(r.PathValue("name"), ".svg")
	item := s.goods.Load().byID[id]
	if !ok || item == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = fmt.Fprint(w, draw(item))
}

// draw makes an SVG whose colours, circle and turn come from a hash of id and title: the same
// product looks the same each time, and two products hardly ever do.
func draw(item *profileapi.Item) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(item.ItemID + item.Title)) // never fails
	sum := h.Sum32()
	hue, second := int(sum%360), int(sum/360%360)
	path := ""
	for _, d := range drawers() {
		if d.name == profileapi.CategoryValue(item.CategoryPath) {
			path = d.path
		}
	}
	turn := int(sum>>16%17) - 8
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160"><rect width="160" height="160" `+
		`fill="hsl(%d 45%% 92%%)"/>`+
		`<circle cx="%d" cy="%d" r="%d" fill="hsl(%d 50%% 85%%)"/><g transform="translate(30 30) rotate(%d 50 50)">`+
		`<path fill-rule="evenodd" fill="hsl(%d 42%% 46%%)" d="%s"/></g></svg>`,
		hue, 30+sum%100, 30+sum/7%100, 30+sum%30, (hue+40)%360, turn, (hue+second%60)%360, path)
}
