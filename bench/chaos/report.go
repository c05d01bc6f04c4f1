package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"
)

// recovered sums the results of one kind of fault.
type recovered struct {
	fault      *fault
	times      []time.Duration
	failures   int
	impossible bool
}

// byFault sums the results in the order of the faults; times are sorted.
func (d *drill) byFault() []recovered {
	list := make([]recovered, 0, len(d.faults))
	for n := range d.faults {
		sum := recovered{fault: &d.faults[n]}
		for _, r := range d.results {
			switch {
			case r.fault != sum.fault:
			case errors.Is(r.err, errImpossible):
				sum.impossible = true
			case r.err != nil:
				sum.failures++
			default:
				sum.times = append(sum.times, r.recovered)
			}
		}
		slices.Sort(sum.times)
		list = append(list, sum)
	}
	return list
}

// print writes the tables in Markdown, as docs/reliability.md has them.
func (d *drill) print(w io.Writer) error {
	var b strings.Builder
	l, t := d.load.ledger, &d.load.tally
	fmt.Fprintf(&b, "Form %s, seed %d, %.0f s under load, %d faults of %d kinds; %s, %d processors, %s.\n\n",
		d.options.form, d.options.seed, d.ended.Sub(d.began).Seconds(),
		len(d.results), len(d.faults), time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.Version())
	fmt.Fprintf(&b, "| events | |\n|---|---|\n| acknowledged | %d |\n| acknowledged and lost | %d |\n| stored "+
		"twice | %d |\n| changed | %d |\n| stored and never acknowledged | %d |\n",
		len(l.acknowledged), len(d.audit.lost), len(d.audit.doubled), len(d.audit.changed), len(d.audit.unknown))
	fmt.Fprintf(&b, "| verdicts that contradict earlier ones | %d |\n| refused for what they say | %d |\n| requests sent again | %d |\n| "+
		"requests without acknowledgement, by answer | %s |\n\n",
		len(l.misjudged), len(l.rejected), l.repeats, counted(l.unanswered))
	fmt.Fprintf(&b, "| recommendations | |\n|---|---|\n| asked for | %d |\n| whole | %d |\n| personal among these | %d |\n| degraded, by "+
		"cause | %s |\n| empty | %d |\n",
		t.total, t.whole, t.personal, counted(t.degraded), t.empty)
	fmt.Fprintf(&b, "| not answered while the asked process was dead | %d |\n| failed otherwise | %s |\n\n", t.dead, counted(t.wrong))
	fmt.Fprintf(
		&b,
		"| models | |\n|---|---|\n| changes of what is live | %d |\n| published models opened, whole | %d |\n| half published | %d |\n\n",
		d.models.changes, len(d.models.checked), len(d.models.half),
	)
	fmt.Fprintf(&b, "| fault | what | times | seconds until whole again: median, most |\n|---|---|---|---|\n")
	for _, r := range d.byFault() {
		switch {
		case r.impossible:
			fmt.Fprintf(&b, "| %s | %s | 0 | impossible on this machine |\n", r.fault.name, r.fault.does)
		case len(r.times) == 0:
			fmt.Fprintf(&b, "| %s | %s | %d | never |\n", r.fault.name, r.fault.does, r.failures)
		default:
			fmt.Fprintf(&b, "| %s | %s | %d | %.2f, %.2f%s |\n", r.fault.name, r.fault.does, len(r.times)+
				r.failures, r.times[(len(r.times)-1)/2].Seconds(),
				r.times[len(r.times)-1].Seconds(), failuresOf(r.failures))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// failuresOf says how often a fault was not recovered from; "" for never.
func failuresOf(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; failed %d times", n)
}

// verdict says what of the promises does not hold, all of it; nil when all do. Degraded answers
// and slow recovery within the bound break none.
func (d *drill) verdict() error {
	var broken []error
	for what, list := range map[string][]string{
		"acknowledged events are lost": d.audit.lost, "events are stored twice": d.audit.doubled, "events are changed": d.audit.changed,
		"events are stored that were never acknowledged": d.audit.unknown,
		"verdicts contradict":                            d.load.ledger.misjudged, "events were refused": d.load.ledger.rejected,
		"models are half published": d.models.half,
	} {
		if len(list) > 0 {
			broken = append(broken, fmt.Errorf("%d %s, such as %s", len(list), what, strings.Join(list[:min(3, len(list))], "; ")))
		}
	}
	if len(d.load.tally.wrong) > 0 {
		broken = append(
			broken, fmt.Errorf("recommendations failed: %s: %s", counted(d.load.tally.wrong), strings.Join(d.load.tally.examples, "; ")),
		)
	}
	for _, r := range d.results {
		if r.err != nil && !errors.Is(r.err, errImpossible) {
			broken = append(broken, fmt.Errorf("%s: %w", r.fault.name, r.err))
		}
	}
	return errors.Join(broken...)
}
