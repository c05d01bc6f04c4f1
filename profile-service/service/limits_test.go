package service_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// send posts a body as it is and returns status and answer.
func (r *running) send(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.keys["north"])
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestANullBodyIsNoObject(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	for _, op := range []string{
		"PUT /v1/items/a", "PATCH /v1/items/a", "PUT /v1/users/a", "PATCH /v1/users/a", "POST /v1/users/a/merge", "POST /v1/events",
		"POST /v1/events/validate", "POST /v1/items/batch", "POST /v1/items/stock",
	} {
		method, path, _ := strings.Cut(op, " ")
		bodies := []string{"null", strings.Repeat(" ", 100) + "null\n"}
		if method != http.MethodPatch { // it says first that there is nothing to patch
			bodies = append(bodies, "[null]")
		}
		for _, body := range bodies {
			if status, answer := s.send(t, method, path, body); status != http.StatusBadRequest &&
				status != http.StatusUnprocessableEntity {
				t.Errorf("%s %q: %d %s", op, body, status, answer)
			}
		}
	}
	for _, path := range []string{"/v1/items/a", "/v1/users/a"} {
		if status, answer := s.send(t, http.MethodGet, path, ""); status != http.StatusNotFound {
			t.Errorf("%s is there: %d %s", path, status, answer)
		}
	}
}

func TestNumbersBeyondTheirBoundsAreRefusedByName(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	for _, c := range []struct{ method, path, body, names string }{
		{"POST", "/v1/events", `{"type":"rate","user_id":"u","item_id":"a","value":1e308}`, "/value"},
		{"POST", "/v1/events", `{"type":"rate","user_id":"u","item_id":"a","value":0.5}`, "/value"},
		{"PUT", "/v1/items/a", `{"price":1e308}`, "/price"},
		{"PUT", "/v1/items/a", `{"price":1e999}`, "/price"},
		{"PUT", "/v1/items/a", `{"prices":[{"currency":"EUR","price":1e13}]}`, "/prices/0/price"},
		{"PUT", "/v1/items/a", `{"stock":{"status":"in_stock","quantity":-1e308}}`, "/stock/quantity"},
		{"PUT", "/v1/items/a", `{"attributes":{"power":1e308}}`, "/attributes/power"},
		{"PUT", "/v1/items/a", `{"attributes":{"id":12345678901234567890}}`, "/attributes/id"},
		{"PUT", "/v1/users/a", `{"attributes":{"spent":-1e16}}`, "/attributes/spent"},
		{"POST", "/v1/items/stock", `[{"item_id":"a","status":"in_stock","quantity":1e308}]`, "/0/quantity"},
	} {
		status, answer := s.send(t, c.method, c.path, c.body)
		if status != http.StatusUnprocessableEntity || !strings.Contains(answer, `"`+c.names+`"`) {
			t.Errorf("%s %s %s: %d %s, want 422 that names %s", c.method, c.path, c.body, status, answer, c.names)
		}
	}
	// What is optional is left out of an event with a warning: an odd price never costs a purchase.
	for body, names := range map[string]string{
		`{"type":"purchase","user_id":"u","items":[{"item_id":"a","price":1e308}]}`:                       "/items/0/price",
		`{"type":"purchase","user_id":"u","value":1e308,"item_id":"a"}`:                                   "/value",
		`{"type":"view_item","user_id":"u","item_id":"a","properties":{"x":[1,{"y":-1e999}]}}`:            "/properties",
		`{"type":"view_item","user_id":"u","item_id":"a","position":1e308}`:                               "/position",
		`{"type":"add_to_cart","user_id":"u","items":[{"item_id":"a"},{"item_id":"b","quantity":1e308}]}`: "/items/1/quantity",
	} {
		status, answer := s.send(t, http.MethodPost, "/v1/events", body)
		if status != http.StatusOK || !strings.Contains(answer, `"`+names+`"`) {
			t.Errorf("%s: %d %s, want 200 that names %s", body, status, answer, names)
		}
	}
	for _, path := range []string{"/v1/events", "/v1/users/u/profile", "/v1/users/u/export"} {
		if status, answer := s.send(t, http.MethodGet, path, ""); status != http.StatusOK || strings.Contains(answer, "308") {
			t.Errorf("%s afterwards: %d %s", path, status, answer)
		}
	}
	for _, i := range readAll(t, s.client, profileapi.InteractionsQuery{}) {
		if !(i.Weight >= -1000 && i.Weight <= 1000) {
			t.Errorf("interaction %+v", i)
		}
	}
}
