package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// texts are n different values of so many characters.
func texts(n, length int) []any {
	list := make([]any, n)
	for k := range list {
		list[k] = fmt.Sprintf("%0*d", length, k)
	}
	return list
}

func TestAFilterIsBounded(t *testing.T) {
	t.Parallel()
	s := north(t)
	for name, c := range map[string]struct {
		filter  api.Condition
		pointer string // "" for one that is taken
		code    string
	}{
		"as many values as there may be": {api.Condition{Field: "item_id", Op: "not_in", Value: texts(5000, 9)}, "", ""},
		"one more": {
			api.Condition{Field: "item_id", Op: "not_in", Value: texts(5001, 4)}, "/filter/value", "too_many",
		},
		"as many in several parts": {
			api.Condition{
				All: []api.Condition{{Field: "brand", Op: "in", Value: texts(2600, 4)}, {Field: "brand", Op: "in", Value: texts(2600, 4)}},
			},
			"/filter/all/1/value", "too_many",
		},
		"few values that are long": {
			api.Condition{Field: "title", Op: "in", Value: texts(500, 200)}, "/filter/value/327", "too_large",
		},
		"a hundred and fifty thousand": {
			api.Condition{Field: "tags", Op: "contains_any", Value: texts(150_000, 6)}, "/filter/value", "too_many",
		},
		"more parts than there may be":    {api.Condition{Any: parts(6)}, "/filter/any/4/any/94", "too_complex"},
		"one value that is long is taken": {api.Condition{Field: "title", Value: strings.Repeat("x", 1000)}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := s.call(t, http.MethodPost, "/v1/recommendations", nil, api.Request{Scenario: "home.trending", Filter: &c.filter}, nil)
			if c.pointer == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			p := apierror.From(err)
			if err == nil || p.Status != http.StatusUnprocessableEntity || len(p.Errors) != 1 || p.Errors[0].Pointer != c.pointer ||
				p.Errors[0].Code != c.code {
				t.Errorf("%+v", p)
			}
		})
	}
}

// parts are n conditions of 100 comparisons each, none of which any lamp meets.
func parts(n int) []api.Condition {
	list := make([]api.Condition, n)
	for k := range list {
		for m := range 100 {
			list[k].Any = append(list[k].Any, api.Condition{Field: "title", Op: "contains", Value: fmt.Sprintf("none %d of %d", m, k)})
		}
	}
	return list
}

func TestAFilterThatTakesTooLongEndsWithTheDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("north", func(d *shopData) { lamps(d, 5000) })
	s := start(t, w, testenv.SQLite(t))
	s.await(t, api.Request{Scenario: "home.trending"}, func(a api.Answer) bool { return len(a.Items) == 20 })
	slow := api.Condition{Any: parts(4)}
	if a := s.recommend(t, api.Request{
		Scenario: "home.trending", Filter: &slow, DeadlineMS: 10,
	}); !slices.Contains(a.Degraded, "deadline") {
		t.Errorf("%d items, degraded %v", len(a.Items), a.Degraded)
	}
	if a := s.recommend(t, api.Request{Scenario: "home.trending", Filter: &slow, DeadlineMS: 5000}); len(a.Items) != 0 ||
		slices.Contains(a.Degraded, "deadline") {
		t.Errorf("with time enough: %d items, degraded %v", len(a.Items), a.Degraded)
	}
}
