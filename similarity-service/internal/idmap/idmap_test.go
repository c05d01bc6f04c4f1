package idmap_test

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

func ExampleMap() {
	var items idmap.Map
	cup, _ := items.Add("cup")
	items.Add("plate")
	again, _ := items.Add("cup")
	fmt.Println(cup, again, items.ID(1), items.Len())
	// Output: 0 0 plate 2
}

func TestMap(t *testing.T) {
	t.Parallel()
	t.Run("distinct ids keep their positions", func(t *testing.T) {
		t.Parallel()
		m, err := idmap.New([]string{"b", "a", ""})
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range m.IDs() {
			if at, ok := m.Index(id); !ok || int(at) != i {
				t.Errorf("Index(%q) = %d, %v; want %d", id, at, ok, i)
			}
		}
		if _, ok := m.Index("c"); ok {
			t.Error("an id that was never added is known")
		}
	})
	t.Run("a repeated id is refused", func(t *testing.T) {
		t.Parallel()
		if _, err := idmap.New([]string{"a", "b", "a"}); err == nil {
			t.Fatal("want an error")
		}
	})
}

func TestCopiesAreTheIDsInATextOfTheirOwn(t *testing.T) {
	t.Parallel()
	ids := []string{"cup", "", "plate", "cup"}
	copies := idmap.Copies(ids)
	if !slices.Equal(copies, ids) {
		t.Errorf("%q, want %q", copies, ids)
	}
	if unsafe.StringData(copies[0]) == unsafe.StringData(ids[0]) ||
		unsafe.StringData(idmap.Copies(ids[:1])[0]) == unsafe.StringData(ids[0]) {
		t.Error("an id itself is given back")
	}
	// One object: each begins where the one before ends.
	if text := unsafe.StringData(copies[0]); unsafe.StringData(copies[2]) != (*byte)(unsafe.Add(unsafe.Pointer(text), len("cup"))) {
		t.Error("the copies do not share a text")
	}
	if got := idmap.Copies(nil); len(got) != 0 {
		t.Errorf("copies of nothing are %q", got)
	}
}
