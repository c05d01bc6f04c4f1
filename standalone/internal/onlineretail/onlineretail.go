// Package onlineretail is a real shop's year as a catalogue and events: the UCI data set "Online Retail" (see NOTICE.md), embedded,
// cleaned as its documentation says and moved in time so that its last order is now.
package onlineretail

import (
	"bufio"
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

//go:embed transactions.tsv.zst
var compressed []byte

// Lines is the number of order lines in the data set.
const Lines = 541_909

// maxEventItems is the most lines that one event may have; an order with more becomes several events.
const maxEventItems = 1000

// product tells stock codes of goods (five digits, perhaps letters; the DCGS party range) from postage, fees, vouchers and corrections.
var product = regexp.MustCompile(`^([0-9]{5}[A-Z]*|DCGS.*)$`)

// Shop is the cleaned data set.
type Shop struct {
	Items  []profileapi.Item
	Events []profileapi.Event // by time
	Shift  time.Duration      // added to every time
	Left   Left
}

// Left counts the order lines that are neither a sale nor a refund of a product.
type Left struct {
	NotProducts int // postage, fees, vouchers, corrections
	Adjustments int // stock corrections: no price, or a negative quantity outside a cancellation
}

// line is one order line.
type line struct {
	invoice, code, title, customer string
	quantity, price                float64
	at                             time.Time
}

// Load reads the data set and moves its last order to now. It costs about a second.
func Load(now time.Time) (*Shop, error) {
	r, err := zstd.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("read the Online Retail data set: %w", err)
	}
	defer r.Close()
	lines, left, err := read(r)
	if err != nil {
		return nil, fmt.Errorf("read the Online Retail data set: %w", err)
	}
	last := slices.MaxFunc(lines, func(a, b line) int { return a.at.Compare(b.at) }).at
	shift := now.UTC().Truncate(time.Minute).Sub(last)
	return &Shop{Items: items(lines), Events: events(lines, shift), Shift: shift, Left: left}, nil
}

func read(r io.Reader) ([]line, Left, error) {
	var left Left
	lines := make([]line, 0, Lines)
	scanner := bufio.NewScanner(r)
	scanner.Scan() // the header
	var before repeats
	for n := 2; scanner.Scan(); n++ {
		fields := strings.Split(scanner.Text(), "\t")
		if len(fields) != len(before.line) {
			return nil, left, fmt.Errorf("line %d: %d fields instead of %d", n, len(fields), len(before.line))
		}
		before.fill(fields)
		l, err := parse(fields)
		if err != nil {
			return nil, left, fmt.Errorf("line %d: %w", n, err)
		}
		switch cancelled := strings.HasPrefix(l.invoice, "C"); {
		case !product.MatchString(l.code):
			left.NotProducts++
		case l.price <= 0 || l.quantity == 0 || (l.quantity < 0) != cancelled:
			left.Adjustments++
		default:
			lines = append(lines, l)
		}
	}
	return lines, left, scanner.Err()
}

// repeats are what an empty field of the file stands for: the description and the price that its code had last, and of the other fields
// those of the line before. That halves the file. A field that is empty in the data set is a dash.
type repeats struct {
	line          [8]string
	titles, costs map[string]string // by code
}

func (b *repeats) fill(fields []string) {
	if b.titles == nil {
		b.titles, b.costs = map[string]string{}, map[string]string{}
	}
	code := fields[1]
	for n, value := range fields {
		switch {
		case value == "-":
			fields[n] = ""
		case value == "" && n == 2:
			fields[n] = b.titles[code]
		case value == "" && n == 5:
			fields[n] = b.costs[code]
		case value == "":
			fields[n] = b.line[n]
		}
	}
	copy(b.line[:], fields)
	b.titles[code], b.costs[code] = fields[2], fields[5]
}

// parse reads the eight fields of a line: invoice, code, description, quantity, date, price, customer and country.
func parse(f []string) (line, error) {
	quantity, err := strconv.ParseFloat(f[3], 64)
	if err != nil {
		return line{}, fmt.Errorf("quantity: %w", err)
	}
	at, err := time.Parse(time.DateTime, f[4])
	if err != nil {
		return line{}, fmt.Errorf("date: %w", err)
	}
	price, err := strconv.ParseFloat(f[5], 64)
	if err != nil {
		return line{}, fmt.Errorf("price: %w", err)
	}
	return line{
		invoice: f[0], code: strings.ToUpper(f[1]), title: strings.TrimSpace(f[2]), quantity: quantity, at: at, price: price,
		customer: strings.TrimSuffix(f[6], ".0"),
	}, nil
}

// items takes for each code its most frequent description and its median price.
func items(lines []line) []profileapi.Item {
	titles := map[string]map[string]int{}
	prices := map[string][]float64{}
	first := map[string]time.Time{}
	for _, l := range lines {
		if titles[l.code] == nil {
			titles[l.code] = map[string]int{}
			first[l.code] = l.at
		}
		titles[l.code][l.title]++
		prices[l.code] = append(prices[l.code], l.price)
	}
	out := make([]profileapi.Item, 0, len(titles))
	for code, counts := range titles {
		var best string
		for title, n := range counts {
			if c := cmp.Compare(n, counts[best]); c > 0 || c == 0 && title < best {
				best = title
			}
		}
		slices.Sort(prices[code])
		price := prices[code][len(prices[code])/2]
		out = append(out, profileapi.Item{ItemID: code, Title: best, Price: &price, Currency: "GBP"})
	}
	slices.SortFunc(out, func(a, b profileapi.Item) int { return cmp.Compare(a.ItemID, b.ItemID) })
	return out
}

// events makes one purchase or refund of each invoice, at the time of its first line. Customers without a number are known only for that
// invoice.
func events(lines []line, shift time.Duration) []profileapi.Event {
	first := map[string]time.Time{}
	for _, l := range lines {
		if at, ok := first[l.invoice]; !ok || l.at.Before(at) {
			first[l.invoice] = l.at
		}
	}
	for n := range lines {
		lines[n].at = first[lines[n].invoice]
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.invoice, b.invoice)) })
	var out []profileapi.Event
	for from := 0; from < len(lines); {
		to := from
		for to < len(lines) && lines[to].invoice == lines[from].invoice && to-from < maxEventItems {
			to++
		}
		e := event(lines[from:to], len(out), shift)
		if from > 0 && lines[from-1].invoice == e.OrderID {
			e.OrderID += "-2" // the rest of an order that is too long for one event
		}
		out = append(out, e)
		from = to
	}
	return out
}

func event(lines []line, number int, shift time.Duration) profileapi.Event {
	first := lines[0]
	e := profileapi.Event{
		EventID: fmt.Sprintf("online-retail-%06d", number), Type: "purchase", OccurredAt: wire.TimeOf(first.at.Add(shift)),
		UserID: first.customer, OrderID: first.invoice, Currency: "GBP",
	}
	if strings.HasPrefix(first.invoice, "C") {
		e.Type = "refund"
	}
	if e.UserID == "" {
		e.SessionID = "invoice-" + first.invoice
	}
	at := map[string]int{}
	value := 0.0
	for _, l := range lines {
		quantity, price := math.Abs(l.quantity), l.price
		value += quantity * price
		if p, ok := at[l.code]; ok {
			*e.Items[p].Quantity += quantity
			continue
		}
		at[l.code] = len(e.Items)
		e.Items = append(e.Items, profileapi.EventItem{ItemID: l.code, Quantity: &quantity, Price: &price})
	}
	value = math.Round(value*100) / 100
	e.Value = &value
	return e
}
