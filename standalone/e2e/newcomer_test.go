package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// aisle runs a command as somebody at a shell would, and returns its exit code and what it printed.
func aisle(t *testing.T, address string, args ...string) (code int, output string) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(filepath.Join(binaries, "aisle"), append(args, "--server", "http://"+address)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		if _, exited := err.(*exec.ExitError); !exited {
			t.Fatal(err)
		}
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

const (
	themes   = 10 // kinds of product: who buys one of a kind buys others of it
	products = 300
)

func handle(p int) string { return fmt.Sprintf("product-%03d", p) }

func sku(p int) string { return fmt.Sprintf("SKU-%03d-M", p) }

// shopifyProducts is a product export: 300 products of ten themes, each in two sizes.
func shopifyProducts() string {
	var b strings.Builder
	b.WriteString(
		"Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant " +
			"Inventory Qty,Variant Inventory Policy,Variant Price,Image Src,Status\n",
	)
	for p := range products {
		theme := p % themes
		fmt.Fprintf(
			&b,
			"%s,\"Theme %d, piece %d\",<p>Text</p>,Ora,Theme "+
				"%d,,true,Size,S,SKU-%03d-S,shopify,3,deny,%d.50,https://img.example/%d.jpg,active\n",
			handle(p), theme, p, theme, p, 10+p%40, p,
		)
		fmt.Fprintf(&b, "%s,,,,,,,,M,%s,shopify,5,deny,%d.50,,\n", handle(p), sku(p), 12+p%40)
	}
	return b.String()
}

// shopifyOrders is an order export: 400 customers, each with two orders of two lines of one theme.
func shopifyOrders(now time.Time) string {
	var b strings.Builder
	rng := rand.New(rand.NewPCG(1, 2))
	b.WriteString(
		"Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem " +
			"name,Lineitem price,Lineitem sku\n",
	)
	order := 1000
	for c := range 400 {
		theme := c % themes
		for n := range 2 {
			order++
			at := now.Add(-time.Duration(1+c%90+n*20) * 24 * time.Hour).Format("2006-01-02 15:04:05 -0700")
			first := theme + themes*rng.IntN(8)
			second := theme + themes*rng.IntN(8)
			fmt.Fprintf(&b, "#%d,c%d@example.com,paid,%s,EUR,45.00,49.00,%s,1,A piece,20.00,%s\n", order, c, at, at, sku(first))
			fmt.Fprintf(&b, "#%d,,,,,,,%s,1,Another,25.00,%s\n", order, at, sku(second))
		}
	}
	return b.String()
}

// TestANewcomerReachesRecommendations does what the quick start says with files as shops have them: a Shopify export of products and one of
// orders, and a list that somebody made by hand. No option is used that the output does not name.
func TestANewcomerReachesRecommendations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	address := startStandalone(t, filepath.Join(dir, "data")).programs[0].address
	run := func(want string, args ...string) string {
		t.Helper()
		code, output := aisle(t, address, args...)
		if code != 0 || !strings.Contains(output, want) {
			t.Fatalf("aisle %s: exit code %d, want 0 and %q:\n%s", strings.Join(args, " "), code, want, output)
		}
		return output
	}
	run("0 rejected", "import", write("products_export.csv", shopifyProducts()))
	run("0 rejected", "import", write("orders_export.csv", shopifyOrders(time.Now())))
	run(
		"0 rejected", "import",
		write(
			"neu.csv",
			"Artikelnummer;Bezeichnung;Preis;Kategorie;Lagerbestand\nHAND-1;Tasse, groß;12,50;Theme "+
				"1;4\nHAND-2;Kanne;1.299,00;Theme 1;2\n",
		),
	)
	run("published", "recompute", "--search-seconds", "1")
	// A customer of theme 3 is recommended pieces of theme 3, by their products.
	list := run("personal", "recommend", "home.for_you", "--user", "c3@example.com")
	hits := 0
	for p := 3; p < products; p += themes {
		if strings.Contains(list, handle(p)+" ") {
			hits++
		}
	}
	if hits < 6 {
		t.Errorf("%d of 10 are of the customer's theme:\n%s", hits, list)
	}
	// What was made by hand is beside what is alike, at once.
	run("similar_to HAND-1", "recommend", "product_detail.similar", "--item", "HAND-1")
	if imports := run("done", "imports", "list"); strings.Count(imports, "done") != 3 {
		t.Errorf("imports:\n%s", imports)
	}
}
