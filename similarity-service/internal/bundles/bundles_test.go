package bundles

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
)

// orders makes n orders of one to four of the items from 10 to 99 by chance.
func chance(n int) [][]int32 {
	random := rand.New(rand.NewPCG(1, 2))
	rows := make([][]int32, n)
	for i := range rows {
		for range 1 + random.IntN(4) {
			rows[i] = append(rows[i], 10+random.Int32N(90))
		}
	}
	return rows
}

func mine(t *testing.T, rows [][]int32) []Bundle {
	t.Helper()
	m, err := csr.FromRows(rows, 100)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := Mine(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestSetsThatWerePlantedAreFound(t *testing.T) {
	t.Parallel()
	rows := chance(2000)
	for n := range 60 { // a coffee set of three, now and then with a fourth, and a pair
		set := []int32{3, 1, 2}
		if n%2 == 0 {
			set = append(set, 4)
		}
		rows = append(rows, append(set, 10+int32(n)), []int32{6, 5})
	}
	found := mine(t, rows)
	sets := map[string]Bundle{}
	for _, b := range found {
		if slices.ContainsFunc(b.Items, func(i int32) bool { return i < 10 }) {
			sets[cmp.Diff(nil, b.Items)] = b
		}
	}
	for _, want := range []Bundle{
		{Items: []int32{1, 2, 3}, Support: 60, Supports: []int{60, 60, 60}, Lift: float64(60) / 60 / 60 * 2120 / 60 * 2120},
		{Items: []int32{1, 2, 3, 4}, Support: 30, Supports: []int{60, 60, 60, 30}},
		{Items: []int32{5, 6}, Support: 60, Supports: []int{60, 60}, Lift: float64(60) / 60 * 2120 / 60},
	} {
		got, ok := sets[cmp.Diff(nil, want.Items)]
		if !ok || got.Support != want.Support || !slices.Equal(got.Supports, want.Supports) {
			t.Errorf("%v: got %+v", want.Items, got)
		}
		if want.Lift > 0 && (got.Lift < want.Lift*(1-1e-9) || got.Lift > want.Lift*(1+1e-9)) {
			t.Errorf("%v: lift %g, want %g", want.Items, got.Lift, want.Lift)
		}
	}
	if !slices.IsSortedFunc(found, better) {
		t.Error("the sets are not in order")
	}
}

func TestChanceMakesNoSets(t *testing.T) {
	t.Parallel()
	// 4,005 pairs, each beyond the evidence once in a thousand, above chance in half of them
	if found := mine(t, chance(5000)); len(found) > 12 {
		t.Errorf("%d sets in orders by chance: %+v", len(found), found)
	}
}

func TestAStockistsOrderDoesNotCount(t *testing.T) {
	t.Parallel()
	long := make([]int32, 0, longestOrder+1)
	for i := range int32(longestOrder + 1) {
		long = append(long, i)
	}
	m, err := csr.FromRows([][]int32{long, long, long, long, long, {0, 1}}, longestOrder+1)
	if err != nil {
		t.Fatal(err)
	}
	found, orders, err := Mine(t.Context(), m)
	if err != nil || orders != 1 || len(found) != 0 {
		t.Errorf("%d orders, %+v, %v", orders, found, err)
	}
}

func TestAnIndexFindsTheBundlesOfItems(t *testing.T) {
	t.Parallel()
	names := []string{"pot", "cup", "tray"}
	x := NewIndex(*Named([]Bundle{
		{Items: []int32{0, 1}, Supports: []int{40, 20}, Support: 10, Lift: 3},
		{Items: []int32{1, 2}, Supports: []int{20, 5}, Support: 5, Lift: 2},
	}, 100, func(i int32) string { return names[i] }))
	ids := func(items ...string) (list []string) {
		for _, b := range x.With(items, 10) {
			list = append(list, b.ItemIDs[0]+"+"+b.ItemIDs[1])
		}
		return list
	}
	for want, items := range map[string][]string{"pot+cup": {"pot"}, "cup+tray": {"tray", "pot"}} {
		if got := ids(items...); len(got) != len(items) || got[0] != want {
			t.Errorf("%v: %v", items, got)
		}
	}
	if all := x.With(nil, 1); len(all) != 1 || all[0].Confidence != .5 {
		t.Errorf("the best of all: %+v", all)
	}
	if of := x.With([]string{"pot"}, 5); of[0].Confidence != .25 {
		t.Errorf("of the pot: %+v", of)
	}
}
