package dataset

import (
	"math/rand/v2"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

// loadLightGCN reads train.txt and test.txt: a line per user, its id and then item ids. The order of a line means
// nothing. A user may have several lines; their items are joined. The split is that of the
// files, so that figures can be compared with those of papers on the same data.
func loadLightGCN(folder string, o Options) (*Data, error) {
	trainPath, err := find(folder, "train.txt")
	if err != nil {
		return nil, err
	}
	testPath, err := find(folder, "test.txt")
	if err != nil {
		return nil, err
	}
	var users, items idmap.Map
	d := &Data{Format: LightGCN, Relation: Similar, Ordered: o.Ordered, Skipped: map[string]int{}}
	train, err := readHistories(trainPath, &users, &items, d)
	if err != nil {
		return nil, err
	}
	test, err := readHistories(testPath, &users, &items, d)
	if err != nil {
		return nil, err
	}
	sorted, renumber, err := byID(&items)
	if err != nil {
		return nil, err
	}
	renumberRows(train, renumber)
	renumberRows(test, renumber)
	train = append(train, make([][]int32, users.Len()-len(train))...)
	if o.Resplit {
		resplit(train, test, rand.New(rand.NewPCG(o.Seed, 0x5eed)))
	}
	d.Items = sorted
	if d.Train, err = csr.FromRows(train, sorted.Len()); err != nil {
		return nil, err
	}
	for u, row := range test {
		d.addUserCase(int32(u), row)
	}
	return d, nil
}

// addUserCase adds the test case of user u unless nothing remains to be found.
func (d *Data) addUserCase(u int32, test []int32) {
	known, _ := d.Train.Row(int(u))
	without := make(map[int32]bool, len(known))
	for _, j := range known {
		without[j] = true
	}
	relevant := distinct(test, without)
	if dropped := len(test) - len(relevant); dropped > 0 {
		d.Skipped["test entries that repeat or are in the training part"] += dropped
	}
	if len(relevant) > 0 {
		d.Tests = append(d.Tests, Case{Row: u, Relevant: relevant})
	}
}

// readHistories returns a row of item numbers for each user, numbered as they come. Ids that
// are new are added to both maps.
func readHistories(path string, users, items *idmap.Map, d *Data) ([][]int32, error) {
	var rows [][]int32
	err := each(path, func(s *source, text string) error {
		d.Lines++
		user := int32(-1)
		return tokens(text, func(column int, t string) error {
			if user < 0 {
				if err := s.id(column, "user id", t); err != nil {
					return err
				}
				u, err := users.Add(t)
				for int(u) >= len(rows) {
					rows = append(rows, nil)
				}
				user = u
				return err
			}
			if err := s.id(column, "item id", t); err != nil {
				return err
			}
			j, err := items.Add(t)
			rows[user] = append(rows[user], j)
			return err
		})
	})
	return rows, err
}

// resplit shuffles all items of each user and deals them out again in the same numbers.
func resplit(train, test [][]int32, rng *rand.Rand) {
	for u := range test {
		all := distinct(append(append([]int32(nil), train[u]...), test[u]...), nil)
		held := min(len(distinct(test[u], nil)), len(all))
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		test[u], train[u] = all[:held], all[held:]
	}
}
