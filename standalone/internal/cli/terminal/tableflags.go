package terminal

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// TableFlags say how to read a table, in the same words for every command that reads one.
type TableFlags struct {
	// Empty ones are found out by the reader, the time zone excepted, which is UTC then.
	Separator, Encoding, Decimal, DateFormat, Timezone string
	// As given, one for each time that the flag is there; mapping, values and set read them.
	maps, mapValues, sets []string
}

// Add adds the flags that say how to read columns.
func (f *TableFlags) Add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.maps, "map", nil, "COLUMN=FIELD, once for each column whose field is not told by its name")
	flags.StringVar(&f.Separator, "separator", "", "of columns: one character, or tab; found by itself when absent")
	flags.StringVar(&f.Encoding, "encoding", "", "such as windows-1252; found by itself when absent")
	flags.StringVar(&f.Decimal, "decimal", "", "decimal mark of numbers, . or , for those that can be read in two ways")
	flags.StringVar(
		&f.DateFormat, "date-format", "", "of times, such as DD/MM/YYYY HH:mm or %d/%m/%Y, for those that can be read in two ways",
	)
	flags.StringVar(&f.Timezone, "timezone", "", "of times without one, such as Europe/Berlin; UTC when absent")
}

// AddValues adds the flags that change values. aisle evaluate has a --set of its own, and takes
// values as they are.
func (f *TableFlags) AddValues(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.mapValues, "map-value", nil, "FIELD:VALUE=VALUE, such as type:seen=view_item: what a value in the file means")
	flags.StringArrayVar(
		&f.sets, "set", nil, "FIELD=VALUE, such as type=purchase: the same for every row; of events {COLUMN} is what that column says",
	)
}

// Mapping reads --map: fields by column, "Our number=item_id". It is empty, not nil, without
// the flag.
func (f *TableFlags) Mapping() (map[string]string, error) {
	out := map[string]string{}
	for _, m := range f.maps {
		at := strings.LastIndexByte(m, '=') // names of fields hold none
		if at < 1 || at == len(m)-1 {
			return nil, fmt.Errorf("--map is %q, want COLUMN=FIELD", m)
		}
		out[m[:at]] = m[at+1:]
	}
	return out, nil
}

// Set reads --set: values by field. A value may hold further equals signs.
func (f *TableFlags) Set() (map[string]string, error) {
	out := map[string]string{}
	for _, s := range f.sets {
		field, value, ok := strings.Cut(s, "=")
		if !ok || field == "" || value == "" {
			return nil, fmt.Errorf("--set is %q, want FIELD=VALUE", s)
		}
		out[field] = value
	}
	return out, nil
}

// Values reads --map-value: by field, then by what the file has, what it means. What the file
// has may hold colons and equals signs, since the first colon and the last equals sign divide;
// what it means may be empty.
func (f *TableFlags) Values() (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	for _, m := range f.mapValues {
		field, rest, ok := strings.Cut(m, ":")
		at := strings.LastIndexByte(rest, '=')
		if !ok || field == "" || at < 1 {
			return nil, fmt.Errorf("--map-value is %q, want FIELD:VALUE=VALUE, such as type:seen=view_item", m)
		}
		if out[field] == nil {
			out[field] = map[string]string{}
		}
		out[field][rest[:at]] = rest[at+1:]
	}
	return out, nil
}
