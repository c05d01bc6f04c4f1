package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	aisleclient "github.com/aisle-rec/aisle/sdk/go"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	integrations = "testdata/integrations"
	pastVisit    = "s-1f0e9a3c-6f6e-4c55-9a53-3f2f7f0c2c11"
)

// fenced finds the blocks of a page with their languages.
var fenced = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")

// blocksOf returns the blocks of a language in a section of docs/integrations.md, which begins with a title.
func blocksOf(t *testing.T, title, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/integrations.md")
	if err != nil {
		t.Fatal(err)
	}
	for section := range strings.SplitSeq(string(text), "\n## ") {
		if !strings.HasPrefix(section, title) {
			continue
		}
		for _, b := range fenced.FindAllStringSubmatch(section, -1) {
			if b[1] == language {
				blocks = append(blocks, b[2])
			}
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("the section %q has no %s", title, language)
	}
	return blocks
}

// ofPlatform reads a file of a platform, with DAY as yesterday.
func ofPlatform(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(integrations, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "DAY", time.Now().AddDate(0, 0, -1).UTC().Format("2006-01-02"))
}

// TestTheCommandsOfIntegrations runs those of each platform on its exports, against a program of its own.
func TestTheCommandsOfIntegrations(t *testing.T) {
	t.Parallel()
	python := interpreter(t, "python3", "-c", "import sys; assert sys.version_info >= (3, 11)")
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // WooCommerce's REST API
		if key, secret, _ := r.BasicAuth(); r.URL.Path != "/wp-json/wc/v3/orders" || key+secret != "ckcs" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, ofPlatform(t, "woocommerce-orders.json"))
	}))
	t.Cleanup(shop.Close)
	for section, want := range map[string]struct {
		orders int
		hidden string
	}{
		"Shopify": {1000, ""}, "WooCommerce": {1, ""}, "Magento": {1, "CAP"}, // of Shopify's a page full
	} {
		t.Run(section, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range map[string]string{
				"products_export.csv": shopifyProducts(), "orders_export.csv": shopifyOrders(time.Now()),
				"wc-product-export.csv": ofPlatform(t, "wc-product-export.csv"),
				"catalog_product.csv":   ofPlatform(t, "catalog_product.csv"),
				"orders.py":             blocksOf(t, "Orders from", "python")[0], "magento.py": blocksOf(t, "Magento", "python")[0],
			} {
				writeFile(t, filepath.Join(dir, name), text)
			}
			if err := os.Symlink(binaries, filepath.Join(dir, "bin")); err != nil {
				t.Fatal(err)
			}
			client, err := filepath.Abs(filepath.Join(clientsFolder, "python"))
			if err != nil {
				t.Fatal(err)
			}
			d := startStandalone(t, t.TempDir())
			address := "http://" + d.programs[0].address
			for _, block := range blocksOf(t, section, "sh") {
				block = strings.ReplaceAll(strings.ReplaceAll(block, "python3", python), "aisle recompute",
					"aisle recompute --search-seconds 1")
				out, err := shell(
					t.Context(), dir, block, "AISLE_SERVER="+address, "AISLE_URL="+address, "AISLE_API_KEY=", "PYTHONPATH="+client,
					"WC_KEY=ck", "WC_SECRET=cs", "WC_SHOP="+shop.URL,
				)
				if err != nil || refusal.Match(out) || strings.Contains(string(out), `"rejected":1`) {
					t.Errorf("%v\n%s\n%s", err, block, out)
				}
			}
			c := d.connect("")
			stats, err := c.profile.Events(t.Context(), profileapi.EventsQuery{Type: "purchase", Limit: 1000})
			if err != nil || len(stats.Items) != want.orders {
				t.Errorf("%d orders, want %d, %v", len(stats.Items), want.orders, err)
			}
			if want.hidden != "" {
				item, err := aisleclient.New(address).GetItem(t.Context(), want.hidden)
				if err != nil || item.Status != "hidden" {
					t.Errorf("%+v, %v", item, err)
				}
			}
		})
	}
}

// ordersServer runs the guide's server beside a program, and returns its address and the program's clients.
func ordersServer(t *testing.T) (string, clients) {
	t.Helper()
	python := interpreter(t, "python3", "-c", "import sys; assert sys.version_info >= (3, 11)")
	file := filepath.Join(t.TempDir(), "keys.json")
	secret := keyOf(t, file, "north")
	key := keyOf(t, file, "north", "--scope", "events:write")
	d := startStandalone(t, t.TempDir(), "--keys-file", file)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(address, ":")
	cmd := exec.Command(python, "-c", blocksOf(t, "Orders from", "python")[0], port)
	cmd.Env = append(
		os.Environ(), "AISLE_URL=http://"+d.programs[0].address, "AISLE_API_KEY="+key, "WEBHOOK_SECRET=hush", "PYTHONDONTWRITEBYTECODE=1",
		"PYTHONPATH="+filepath.Join(clientsFolder, "python"))
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	eventually(t, t.Context(), "the server of orders", func() error {
		c, err := net.Dial("tcp", address)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	return "http://" + address, d.connect(secret)
}

// TestOrdersOfWebhooks sends what Shopify and WooCommerce send: signed, unsigned, twice, and an order that nobody has paid.
func TestOrdersOfWebhooks(t *testing.T) {
	t.Parallel()
	server, c := ordersServer(t)
	send := func(body string, headers ...string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server+"/orders", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(headers); n += 2 {
			req.Header.Set(headers[n], headers[n+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	signature := func(body string) string {
		mac := hmac.New(sha256.New, []byte("hush"))
		mac.Write([]byte(body))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	order := ofPlatform(t, "shopify-order.json")
	paid, pending, _ := strings.Cut(strings.Trim(strings.TrimSpace(ofPlatform(t, "woocommerce-orders.json")), "[]"), "}]},\n")
	paid += "}]}"
	for n, c := range []struct {
		body    string
		headers []string
		want    int
	}{
		{order, []string{"X-Shopify-Topic", "orders/create", "X-Shopify-Hmac-Sha256", signature(order)}, 200},
		{order, []string{"X-Shopify-Topic", "orders/create", "X-Shopify-Hmac-Sha256", signature(order)}, 200},
		{order, []string{"X-Shopify-Topic", "orders/create", "X-Shopify-Hmac-Sha256", signature(order + " ")}, 401},
		{order, nil, 401},
		{"webhook_id=7", []string{"Content-Type", "application/x-www-form-urlencoded"}, 200},
		{paid, []string{"X-WC-Webhook-Topic", "order.updated", "X-WC-Webhook-Signature", signature(paid)}, 200},
		{pending, []string{"X-WC-Webhook-Topic", "order.updated", "X-WC-Webhook-Signature", signature(pending)}, 200},
	} {
		if got := send(c.body, c.headers...); got != c.want {
			t.Errorf("call %d: %d, want %d", n, got, c.want)
		}
	}
	stored, err := c.profile.Events(t.Context(), profileapi.EventsQuery{})
	if err != nil || len(stored.Items) != 2 {
		t.Fatalf("%+v, %v", stored.Items, err)
	}
	at := slices.IndexFunc(stored.Items, func(e profileapi.StoredEvent) bool { return e.OrderID == "#9001" })
	if at < 0 {
		t.Fatalf("%+v", stored.Items)
	}
	e, woo := stored.Items[at], stored.Items[1-at]
	if e.UserID != "c3@example.com" || e.SessionID != pastVisit || *e.Value != 49 || len(e.Items) != 2 || e.Items[0].ItemID != "TEE-M" ||
		e.Items[1].ItemID != "51" {
		t.Errorf("Shopify's order is %+v", e.Event)
	}
	if woo.UserID != "12" || woo.OrderID != "727" || woo.Items[0].ItemID != "45" || woo.Items[1].ItemID != "46" ||
		woo.SessionID != pastVisit {
		t.Errorf("WooCommerce's order is %+v", woo.Event)
	}
}

// TestShopifysPixel runs the pixel in a frame without an origin, as Shopify does.
func TestShopifysPixel(t *testing.T) {
	t.Parallel()
	server, c := ordersServer(t)
	pixel := strings.ReplaceAll(blocksOf(t, "Shopify", "js")[0], "https://orders.shop.example", server)
	frame := "<script>" + ofPlatform(t, "shopify-pixel.js") + pixel + "</script>"
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/pixel" {
			fmt.Fprint(w, frame)
			return
		}
		fmt.Fprint(w, `<!doctype html><title>Shop</title><iframe sandbox="allow-scripts" src="/pixel"></iframe>`)
	}))
	t.Cleanup(page.Close)
	ctx := browser(t)
	if err := chromedp.Run(ctx, chromedp.Navigate(page.URL)); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "the customer events", func() error {
		stored, err := c.profile.Events(ctx, profileapi.EventsQuery{})
		if err != nil {
			return err
		}
		got := kinds(stored.Items)
		slices.Sort(got)
		if strings.Join(got, " ") != "add_to_cart begin_checkout remove_from_cart view_item" {
			return fmt.Errorf("there are %v", got)
		}
		for _, e := range stored.Items {
			if e.SessionID != pastVisit || e.ItemID != "TEE-M" && e.Items[0].ItemID != "TEE-M" {
				t.Errorf("an event is %+v", e.Event)
			}
		}
		return nil
	})
}

// liquid fills in what the guide's templates ask Shopify for.
var liquid = strings.NewReplacer(
	`{% for v in product.variants %}"{{ v.id }}": {{ v.sku | default: product.handle | json }},{% endfor %}`, `"41": "pot", "42": "mug",`,
	`{{ product.selected_or_first_available_variant.sku | default: product.handle | json }}`, `"pot"`, `{{ product.handle }}`, `pot`,
)

// TestThePlatformsPages opens pages that mimic those of each platform with the guide's scripts in them.
func TestThePlatformsPages(t *testing.T) {
	t.Parallel()
	for platform, c := range map[string]struct {
		page func(t *testing.T) string
		act  string
		want map[string]string // item by type of event
	}{
		"a page of your own": {
			func(t *testing.T) string {
				return `<button id="buy">Buy</button>` + strings.ReplaceAll(blocksOf(t, "A page", "html")[0], "TEE-M", "pot")
			},
			`document.querySelector("#buy").click()`, map[string]string{"view_item": "pot", "add_to_cart": "pot"},
		},
		"Shopify": {
			func(t *testing.T) string {
				return `<script>window.Shopify = { routes: { root: "/" }, customerPrivacy: { analyticsProcessingAllowed: () => true },
					loadFeatures: (list, done) => done(null) }</script>` +
					liquid.Replace(strings.Join(blocksOf(t, "Shopify", "liquid"), "")) +
					`<form action="/cart/add"><input name="id" value="42"><button>Add</button></form>
					<script>addEventListener("submit", (e) => e.preventDefault())</script>`
			},
			`document.querySelector("form button").click()`, map[string]string{"view_item": "pot", "add_to_cart": "mug"},
		},
		"WooCommerce": {
			func(t *testing.T) string { return runPHP(t, blocksOf(t, "WooCommerce", "php")[0]) },
			`aisle.consent(true); document.querySelector("form.cart button").click();
				document.body.dispatchEvent(new CustomEvent("added_to_cart", { detail: 46 }))`,
			map[string]string{"add_to_cart": "45 46"},
		},
		"Magento": {
			func(t *testing.T) string {
				view := filepath.Join(t.TempDir(), "view.php")
				writeFile(t, view, blocksOf(t, "Magento", "php")[0])
				render := `class P { function getSku() { return "pot"; } } class B { function getProduct() { return new P(); }
					function escapeHtmlAttr($text) { return htmlspecialchars($text, ENT_QUOTES); } } $block = new B(); require $argv[1];`
				out, err := exec.Command(interpreter(t, "php", "--version"), "-r", render, view).Output()
				if err != nil {
					t.Fatal(err)
				}
				return `<script>document.cookie = "user_allowed_save_cookie=%7B%221%22%3A1%7D"</script>` +
					blocksOf(t, "Magento", "html")[0] + string(out)
			},
			`aisle.flush()`, map[string]string{"view_item": "pot"},
		},
	} {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			s := openStorefront(t)
			s.page = strings.ReplaceAll(strings.ReplaceAll(c.page(t), "https://aisle.shop.example", "http://"+s.server), "pk_…", s.key)
			s.open(t, "/")
			s.do(t, c.act+"; aisle.flush()", nil)
			eventually(t, s.ctx, "the events", func() error {
				stored, err := s.clients.profile.Events(s.ctx, profileapi.EventsQuery{})
				if err != nil {
					return err
				}
				items := map[string][]string{}
				for _, e := range stored.Items {
					item := e.ItemID
					if len(e.Items) == 1 {
						item = e.Items[0].ItemID
					}
					items[e.Type] = append(items[e.Type], item)
				}
				for kind, want := range c.want {
					slices.Sort(items[kind])
					if got := strings.Join(items[kind], " "); got != want {
						return fmt.Errorf("%s of %q, want %q", kind, got, want)
					}
				}
				return nil
			})
		})
	}
}

// runPHP runs the guide's functions in a page as WordPress would make it, and shows that the visit gets into the order.
func runPHP(t *testing.T, functions string) string {
	t.Helper()
	php := interpreter(t, "php", "--version")
	file := filepath.Join(t.TempDir(), "functions.php")
	writeFile(t, file, functions)
	meta, err := exec.Command(php, filepath.Join(integrations, "wordpress.php"), file, pastVisit).CombinedOutput()
	if err != nil || string(meta) != `{"_aisle_session":"`+pastVisit+`"}` {
		t.Errorf("the order's meta data are %s, %v", meta, err)
	}
	page, err := exec.Command(php, filepath.Join(integrations, "wordpress.php"), file).CombinedOutput()
	if err != nil || bytes.Contains(page, []byte("Warning:")) {
		t.Fatalf("%v: %s", err, page)
	}
	return string(page)
}
