package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestAnAudienceIsWhoWantsAnItem has people with two tastes, some of whom looked at the lamp that is back in stock.
func TestAnAudienceIsWhoWantsAnItem(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d := startStandalone(t, t.TempDir())
	c := d.connect("")
	server := httpclient.New(httpclient.Options{BaseURL: "http://" + d.programs[0].address})
	var items []profileapi.Item
	for _, taste := range "LG" {
		for k := range 12 {
			items = append(items, profileapi.Item{
				ItemID: fmt.Sprintf("%c%02d", taste, k), Title: fmt.Sprintf("%s %d", map[rune]string{'L': "Lamp", 'G': "Spade"}[taste], k),
			})
		}
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	var events []profileapi.Event
	did := func(kind, user string, items ...string) {
		for _, item := range items {
			events = append(events, profileapi.Event{
				Type: kind, UserID: user, ItemID: item,
				OccurredAt: wire.TimeOf(time.Now().Add(-time.Duration(2000-len(events)) * time.Minute)),
			})
		}
	}
	for u := range 60 { // lamps L, garden G
		taste := "LG"[u%2]
		for k := range 5 {
			did("view_item", fmt.Sprintf("%c-user%02d", taste, u), fmt.Sprintf("%c%02d", taste, 1+(u*5+k*3)%11))
		}
	}
	for u := range 20 { // who saw L00 saw lamps too
		did("view_item", fmt.Sprintf("L-seen%02d", u), "L01", fmt.Sprintf("L%02d", 2+u%10), "L00")
	}
	did("purchase", "L-owner", "L00")
	did("view_item", "L-owner", "L01", "L02", "L03")
	did("view_item", "L-shy", "L01", "L02", "L00")
	did("view_item", "L-never", "L01", "L02", "L00")
	did("not_interested", "L-never", "L00")
	post(t, ctx, c, events)
	no := false
	if err := server.Call(
		ctx, http.MethodPut, "/v1/users/L-shy", nil, profileapi.User{Consent: &profileapi.Consent{Personalization: &no}}, nil,
	); err != nil {
		t.Fatal(err)
	}
	recomputed(t, ctx, c, similarityapi.Similar)
	lines := func(request recommenderapi.AudienceRequest) (list []recommenderapi.ExportLine) {
		t.Helper()
		var e recommenderapi.Export
		if err := server.Call(ctx, http.MethodPost, "/v1/audiences", nil, request, &e); err != nil {
			t.Fatal(err)
		}
		eventually(t, ctx, "the audience is found", func() error {
			if err := server.Call(ctx, http.MethodGet, "/v1/exports/"+e.ExportID, nil, nil, &e); err != nil ||
				e.State != recommenderapi.ExportDone {
				return fmt.Errorf("%+v, %w", e, err)
			}
			return nil
		})
		result, err := server.Send(ctx, httpclient.Request{Method: http.MethodGet, Path: "/v1/exports/" + e.ExportID + "/result"})
		if err != nil {
			t.Fatal(err)
		}
		defer result.Body.Close()
		scanner := bufio.NewScanner(result.Body)
		for scanner.Scan() {
			var line recommenderapi.ExportLine
			if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			list = append(list, line)
		}
		return list
	}
	all := lines(recommenderapi.AudienceRequest{Audience: recommenderapi.Audience{ItemID: "L00"}})
	var ids []string
	for _, line := range all {
		ids = append(ids, line.UserID)
		if len(line.Items) != 1 || line.Items[0].ItemID != "L00" || len(line.Items[0].Reasons) == 0 || line.RecommendationID == "" {
			t.Errorf("%+v", line)
		}
	}
	if len(ids) < 25 || slices.ContainsFunc(ids[:20], func(id string) bool { return !strings.HasPrefix(id, "L-seen") }) {
		t.Errorf("not first those who looked at it: %v", ids)
	}
	for _, id := range ids {
		if strings.HasPrefix(id, "G-") || id == "L-owner" || id == "L-shy" || id == "L-never" {
			t.Errorf("%s is in the audience", id)
		}
	}
	if !slices.IsSortedFunc(all, func(a, b recommenderapi.ExportLine) int { return int((b.Items[0].Score - a.Items[0].Score) * 1e9) }) {
		t.Error("not in order of score")
	}
	few := lines(recommenderapi.AudienceRequest{Audience: recommenderapi.Audience{ItemID: "L00", Limit: 3}})
	if len(few) != 3 {
		t.Errorf("a cap of 3: %d people", len(few))
	}
	if _, err := c.profile.PutItems(ctx, []profileapi.Item{
		{ItemID: "L00", Title: "Gone", Stock: &profileapi.Stock{Status: "out_of_stock"}},
	}); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "nobody is told of what is sold out", func() error {
		err := server.Call(
			ctx, http.MethodPost, "/v1/audiences", nil, recommenderapi.AudienceRequest{Audience: recommenderapi.Audience{ItemID: "L00"}},
			nil,
		)
		if err == nil || !strings.Contains(err.Error(), "sold out") {
			return fmt.Errorf("got %v", err)
		}
		return nil
	})
}
