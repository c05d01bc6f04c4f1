package service_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

func TestFacetsSplitWhatTheOnesBeforeLeaveTogether(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) {
		for n := range 16 {
			colour := []string{"red", "blue", "green", "white"}[n/4]
			d.put(profileapi.Item{
				ItemID: fmt.Sprintf("shirt%02d", n), Title: "Shirt", Brand: "Ora", CategoryPath: []string{"Tops"},
				Price: amount(float64(5 + n%2*10)),
				Attributes: map[string]any{
					"colour": colour, "shade": "dark " + colour, "size": []string{"S", "M"}[n%4/2], "serial": fmt.Sprint("no ", n),
				},
			})
		}
	})
	ask := api.Request{Scenario: "home.trending", Limit: 3, Facets: 5, Filter: &api.Condition{Field: "brand", Value: "Ora"}}
	a := s.await(t, ask, func(a api.Answer) bool { return len(a.Items) == 3 && len(a.Facets) == 3 })
	want := []api.Facet{
		{Field: "attributes.colour", Values: []api.FacetValue{
			{Value: "blue", Items: 4}, {Value: "green", Items: 4}, {Value: "red", Items: 4}, {Value: "white", Items: 4},
		}},
		{Field: "attributes.size", Values: []api.FacetValue{{Value: "M", Items: 8}, {Value: "S", Items: 8}}},
		{Field: "price", Values: []api.FacetValue{{From: amount(5), Below: amount(15), Items: 8}, {From: amount(15), Items: 8}}},
	}
	if diff := cmp.Diff(want, a.Facets); diff != "" {
		t.Error(diff)
	}
	ask.Facets = 1
	if got := s.recommend(t, ask).Facets; len(got) != 1 {
		t.Errorf("one facet: %+v", got)
	}
	page := api.PageRequest{Placements: []api.Request{ask}}
	_, err := s.call(t, http.MethodPost, "/v1/recommendations/batch", nil, page, nil)
	if diff := cmp.Diff([]string{"/placements/0/facets"}, pointers(t, err)); diff != "" {
		t.Error(diff)
	}
	_, err = s.call(t, http.MethodPost, "/v1/recommendations", nil, api.Request{Scenario: "home.trending", Q: "lamp"}, nil)
	if diff := cmp.Diff([]string{"/q"}, pointers(t, err)); diff != "" {
		t.Errorf("words that the scenario does not use: %s", diff)
	}
}
