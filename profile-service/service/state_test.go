package service_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

// TestStateTravelsByVersion reads states of a user, a session and both as events come in: each answer knows the latest event, and an
// unchanged state is not sent again.
func TestStateTravelsByVersion(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		c := profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: s.url, Key: s.keys["north"]}))
		read := func(q profileapi.ProfileQuery, tag string) (*visitorstate.State, visitorstate.Answer, string) {
			t.Helper()
			data, now, err := c.State(t.Context(), q, tag)
			if err != nil {
				t.Fatal(err)
			}
			if data == nil {
				return nil, visitorstate.Answer{}, now
			}
			a, err := visitorstate.DecodeAnswer(data)
			if err != nil {
				t.Fatal(err)
			}
			state, err := visitorstate.Decode(a.State)
			if err != nil {
				t.Fatal(err)
			}
			return state, a, now
		}
		user, both := profileapi.ProfileQuery{UserID: "tra/vel"}, profileapi.ProfileQuery{UserID: "tra/vel", SessionID: "guest"}
		if state, a, _ := read(user, ""); len(state.Items) > 0 || a.Known {
			t.Errorf("nobody is %+v, %+v", a, state)
		}
		tag := ""
		for n := range 3 {
			body := fmt.Sprintf(`{"type":"view_item","user_id":"tra/vel","item_id":"i%d"}`, n)
			if _, answer := send[profileapi.EventsAnswer](t, s, "POST", "/v1/events", "application/json", body); answer.Accepted != 1 {
				t.Fatalf("%+v", answer)
			}
			state, a, now := read(user, tag)
			if state == nil || state.Items[0].ID != fmt.Sprint("i", n) || len(state.Items) != n+1 || !a.Known || now == tag {
				t.Fatalf("after event %d: %+v", n, state)
			}
			tag = now
		}
		if state, _, now := read(user, tag); state != nil || now != tag {
			t.Errorf("an unchanged state was sent again as %s", now)
		}
		later := fmt.Sprint(time.Now().Add(time.Second).UnixMilli()) // events of one millisecond have no order between two visitors
		send[profileapi.EventsAnswer](
			t, s, "POST", "/v1/events", "application/json",
			`{"type":"add_to_cart","session_id":"guest","item_id":"i9","occurred_at":`+later+`}`,
		)
		state, _, _ := read(both, "")
		if len(state.Items) != 4 || state.Items[0].ID != "i9" || state.SessionID != "guest" || len(state.Session) != 1 {
			t.Errorf("user and session are %+v", state)
		}
		if past, a, _ := read(profileapi.ProfileQuery{UserID: "tra/vel", Watermark: state.Seq - 2}, ""); len(past.Items) != 2 ||
			a.LastSeq != state.Seq-2 {
			t.Errorf("the past is %+v", past)
		}
	})
}
