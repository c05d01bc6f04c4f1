package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/aisle-rec/aisle/sdk/tracker"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// TestARefusedEventCostsNoListAndIsNamed tracks an event of a type that there is not: while it waits to be sent, lists are asked for with
// what waits, and must come all the same; and who made the page reads in the browser's console what was refused.
func TestARefusedEventCostsNoListAndIsNamed(t *testing.T) {
	t.Parallel()
	var page string
	shop, d, c, publishable := shopWithPage(t, &page)
	ctx := browser(t)
	if _, err := c.profile.PutItems(ctx, []profileapi.Item{{ItemID: "mug", Title: "A mug"}, {ItemID: "pot", Title: "A pot"}}); err != nil {
		t.Fatal(err)
	}
	page = fmt.Sprintf(`<!doctype html><title>Shop</title>
		<script>const warned = []; console.warn = (...a) => warned.push(a.map((x) => x.message || JSON.stringify(x)).join(" "))</script>
		<script src="http://%s%s" data-key="%s" defer></script>
		<div id="top" data-aisle="home.trending"></div><div id="none" data-aisle="no.such.placement"></div>`,
		d.programs[0].address, tracker.Path(), publishable)
	var warned []string
	err := chromedp.Run(ctx,
		chromedp.Navigate(shop.URL), chromedp.WaitVisible(`#top [data-item]`, chromedp.ByQuery),
		chromedp.Evaluate(`document.querySelector("#top [data-item]").id = "before"
			aisle.track({type: "view_itm", item_id: "mug"}); aisle.refresh()`, nil),
		holds(`document.querySelector("#top:not([hidden]) [data-item]:not(#before)")`),
		chromedp.Evaluate(`aisle.flush()`, nil), holds(`warned.some((text) => /view_itm/.test(text))`),
		chromedp.Evaluate(`warned`, &warned),
	)
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(warned, "\n"); !strings.Contains(all, `/placements/1/scenario`) || !strings.Contains(all, `no.such.placement`) {
		t.Errorf("the placement that cannot be asked for is not named: %s", all)
	}
}
