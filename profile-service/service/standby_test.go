package service_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// TestStreamsComeFromTheStandby reads streams right after events and after an erasure, which the standby has to have by then.
func TestStreamsComeFromTheStandby(t *testing.T) {
	t.Parallel()
	standby := testenv.PostgresStandby(t)
	s := start(t, service.Config{DatabaseURL: standby.Primary, StandbyURL: standby.URL})
	want := func(n int) {
		t.Helper()
		if got := readAll(t, s.client, profileapi.InteractionsQuery{}); len(got) != n {
			t.Fatalf("the stream has %d of %d interactions", len(got), n)
		}
	}
	for n := range 20 {
		post(t, s.client, view("ann", "", "a"), view("bob", "", "b"))
		want(2 * (n + 1))
	}
	call[profileapi.ErasureReceipt](t, s, http.MethodDelete, "/v1/users/ann", nil)
	want(20)
	if diff := cmp.Diff(map[string]float64{"standby": 21, "primary": 0}, s.streams(t)); diff != "" {
		t.Error(diff)
	}
	standby.Kill()
	post(t, s.client, view("bob", "", "c"))
	want(21)
	if diff := cmp.Diff(map[string]float64{"standby": 21, "primary": 1}, s.streams(t)); diff != "" {
		t.Error(diff)
	}
}

// streams counts the streams by the database that they were read from.
func (r *running) streams(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, family := range families {
		if family.GetName() == "aisle_profile_streams_total" {
			for _, m := range family.GetMetric() {
				counts[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	return counts
}
