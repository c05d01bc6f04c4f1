package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

// defaultTrainFraction is the share of each user's interactions that teach, unless the caller says otherwise.
const defaultTrainFraction = .8

// interaction is one line of a user table.
type interaction struct {
	user, item int32
	value      float32 // a rating or a weight; 1 where the table has neither
	seconds    int64   // Unix; 0 without times
	line       int32   // orders equal times
}

// loadRatings reads a table of interactions, from movielens files or any csv, and holds out the last part of each
// user's interactions: the latest when the table has times that differ, a random part otherwise. Of csv what came at the same time stays
// together; movielens is cut as papers do. With a column of ratings only
// those of at least four fifths of the highest rating count as hits, and a repeated pair keeps its latest rating; with
// weights or neither, all of the held-out part counts and repeated pairs add up.
func loadRatings(path string, o Options) (*Data, error) {
	file, err := findTable(path, ".inter", "u.data", "ratings", "interactions")
	if err != nil {
		return nil, err
	}
	d := &Data{Format: o.Format, Relation: Similar, Skipped: map[string]int{}}
	t, err := readInteractions(file, o, d)
	if err != nil {
		return nil, err
	}
	if len(t.rows) == 0 {
		return nil, errors.New("the table has no interactions")
	}
	sorted, renumber, err := byID(&t.items)
	if err != nil {
		return nil, err
	}
	for n := range t.rows {
		t.rows[n].item = renumber[t.rows[n].item]
	}
	d.Items, d.Ordered = sorted, t.timed
	if !t.timed {
		d.Notes = append(d.Notes, "no times tell the interactions of a user apart: the test part is random")
	}
	if t.rated {
		highest := float32(0)
		for _, r := range t.rows {
			highest = max(highest, r.value)
		}
		d.Rated, d.Liked = true, .8*highest
	}
	return d, d.splitPerUser(t, o)
}

// interactionTable is a table before its split.
type interactionTable struct {
	users, items idmap.Map
	rows         []interaction
	rated        bool    // values are ratings
	timed        bool    // of some user interactions have different times
	first        []int64 // by user, the time of the first row
}

// readInteractions reads the whole table, whose rows take 32 bytes each.
func readInteractions(file string, o Options, d *Data) (*interactionTable, error) {
	t := &interactionTable{}
	fallback := []column{userColumn, itemColumn, ratingColumn, timeColumn}
	err := eachRecord(file, o, d, fallback, [][]column{{userColumn}, {itemColumn}}, func(r *record) error {
		d.Lines++
		user, err := r.id(userColumn, "user")
		if err != nil {
			return err
		}
		item, err := r.id(itemColumn, "item")
		if err != nil {
			return err
		}
		row := interaction{value: 1, line: int32(d.Lines)}
		switch {
		case r.at[ratingColumn] > 0:
			t.rated = true
			row.value, err = value(r, ratingColumn, "rating")
		case r.at[weightColumn] > 0:
			row.value, err = value(r, weightColumn, "weight")
		}
		if err != nil {
			return err
		}
		if r.at[timeColumn] > 0 {
			if row.seconds, err = r.seconds(); err != nil {
				return err
			}
		}
		if row.user, err = t.users.Add(user); err != nil {
			return err
		}
		if int(row.user) == len(t.first) {
			t.first = append(t.first, row.seconds)
		}
		t.timed = t.timed || row.seconds != t.first[row.user]
		if row.item, err = t.items.Add(item); err != nil {
			return err
		}
		t.rows = append(t.rows, row)
		return nil
	})
	return t, err
}

// value reads a rating or weight that sums cannot make infinite.
func value(r *record, c column, what string) (float32, error) {
	v, err := r.number(c, what)
	if err == nil && math.Abs(v) > 1e9 {
		err = r.fail(c, "the %s is %v, want a number below 1e9", what, v)
	}
	return float32(v), err
}

// splitPerUser orders each user's interactions by time (or at random) and holds out the last ones.
func (d *Data) splitPerUser(t *interactionTable, o Options) error {
	fraction := cmp.Or(o.TrainFraction, defaultTrainFraction)
	if !t.timed {
		rng := rand.New(rand.NewPCG(o.Seed, 0x5eed))
		rng.Shuffle(len(t.rows), func(i, j int) { t.rows[i], t.rows[j] = t.rows[j], t.rows[i] })
		for n := range t.rows {
			t.rows[n].line = int32(n)
		}
	}
	slices.SortFunc(t.rows, func(x, y interaction) int {
		return cmp.Or(cmp.Compare(x.user, y.user), cmp.Compare(x.seconds, y.seconds), cmp.Compare(x.line, y.line))
	})
	b := csr.NewBuilder(d.Items.Len())
	held := make([][]int32, t.users.Len())
	ones, whole := true, t.timed && o.Format == CSV
	for from := 0; from < len(t.rows); {
		to := from
		for to < len(t.rows) && t.rows[to].user == t.rows[from].user {
			to++
		}
		user := t.rows[from].user
		rows := t.rows[from:to]
		if t.rated {
			rows = latestPerItem(rows)
		}
		train := int(math.Ceil(float64(len(rows))*fraction - 1e-9))
		if whole {
			train = len(rows) - latestPart(len(rows), together(rows), 1-fraction)
			d.markTogether(b.Entries(), latestPerItem(rows[:train]))
		}
		for _, r := range rows[:train] {
			b.Add(r.item, r.value)
			ones = ones && r.value == 1
		}
		if err := b.EndRow(); err != nil {
			return fmt.Errorf("user %s: %w", t.users.ID(user), err)
		}
		for _, r := range rows[train:] {
			if r.value >= d.Liked && r.value > 0 {
				held[user] = append(held[user], r.item)
			}
		}
		from = to
	}
	d.Train = b.Matrix()
	if ones {
		d.Train.Val = nil
	}
	for u, items := range held {
		d.addUserCase(int32(u), items)
	}
	return nil
}

// together says of one of a user's interactions, in order of time, whether it came at the same time as the one before it.
func together(rows []interaction) func(n int) bool {
	return func(n int) bool { return n > 0 && rows[n].seconds == rows[n-1].seconds }
}

// markTogether notes for a row that begins at an entry what of it came at the same time.
func (d *Data) markTogether(entry int, rows []interaction) {
	same := together(rows)
	for n := range rows {
		if same(n) {
			d.Together.Add(entry + n)
		}
	}
}

// latestPerItem drops all but the last of several interactions with one item. rows are of one user and
// in order of time, which stays.
func latestPerItem(rows []interaction) []interaction {
	last := make(map[int32]int, len(rows))
	for n, r := range rows {
		last[r.item] = n
	}
	out := make([]interaction, 0, len(last))
	for n, r := range rows {
		if last[r.item] == n {
			out = append(out, r)
		}
	}
	return out
}
