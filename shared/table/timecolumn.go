package table

import (
	"regexp"
	"strings"
	"sync"
)

// otherTimes matches the columns of times, as Letters writes them, that say when something else was done than what a row is about.
var otherTimes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("ship|deliver|dispatch|fulfil|expir|due|updat|modif|chang|cancel|refund|return|birth|valid|until|release|" +
		"liefer|versand|faellig|fallig|storn|geaendert|geandert|geburt|livraison|entrega|envio|consegna|verzend")
})

// beginsWithDay matches a time that begins with a day in digits or words: "2026-01-31 …", "1/2/26", "Sat, 31 Jan 2026". Numbers of orders
// may look like other days.
var beginsWithDay = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|.*[A-Za-z]{3})(?:\D|$)`)
})

// TimesByValue looks for the time of events or interactions that no header word tells of, in some records: it returns the columns whose
// every value is a time, one at least, but for those of other times. A column that is the only one fills occurred_at from then on.
func (p *Plan) TimesByValue(records []Record) []string {
	if p.Kind != Events && p.Kind != Interactions || p.Fills("occurred_at") {
		return nil
	}
	var names []string
	var found *Column
	for i := range p.Columns {
		c := &p.Columns[i]
		if c.How != Property && c.How != Ignored || otherTimes().MatchString(Letters(c.Name)) {
			continue
		}
		times := 0
		for r := range records {
			text := strings.TrimSpace(records[r].Value(i))
			if text == "" || records[r].Problem != nil {
				continue
			}
			if formOf(text) != timeValue || !beginsWithDay().MatchString(text) {
				times = -1
				break
			}
			times++
		}
		if times > 0 {
			found, names = c, append(names, c.Name)
		}
	}
	if len(names) == 1 {
		found.Field, found.How, found.Shape, p.taken["occurred_at"] = "occurred_at", Usual, Moment, true
		p.prepare(found)
	}
	return names
}
