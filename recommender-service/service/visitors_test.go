package service_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// asPage calls with the publishable key of the shop north, and with a token of a user unless that is "".
func (r *running) asPage(t *testing.T, user, method, path string, query url.Values, in, out any) error {
	t.Helper()
	send := httpclient.Request{Method: method, Path: path, Query: query, ContentType: "application/json", Header: http.Header{}}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		send.Body = bytes.NewReader(body)
	}
	if user != "" {
		token, err := auth.SignUserToken(r.secret, r.secret.Secret, user, time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		send.Header.Set(auth.UserTokenHeader, token)
	}
	resp, err := r.as(browser).Send(t.Context(), send)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	return httpclient.Decode(resp, send, out)
}

func TestAPageReadsItsOwnVisitorOnly(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i003") })
	const session = "5b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d"
	ask := func(user, session string) api.Request {
		return api.Request{Scenario: "home.for_you", UserID: user, SessionID: session, DeadlineMS: 5000}
	}
	carrying := func(user, session string) api.Request {
		r := ask("", "")
		r.Events = []profileapi.Event{{Type: "view_item", ItemID: "i001", UserID: user, SessionID: session}}
		return r
	}
	ways := map[string]func(token, user, session string) error{
		"POST /v1/recommendations": func(token, user, session string) error {
			return s.asPage(t, token, http.MethodPost, "/v1/recommendations", nil, ask(user, session), nil)
		},
		"GET /v1/recommendations": func(token, user, session string) error {
			query := url.Values{"scenario": {"home.for_you"}}
			for name, id := range map[string]string{"user_id": user, "session_id": session} {
				if id != "" {
					query.Set(name, id)
				}
			}
			return s.asPage(t, token, http.MethodGet, "/v1/recommendations", query, nil, nil)
		},
		"the events that a request carries": func(token, user, session string) error {
			return s.asPage(t, token, http.MethodPost, "/v1/recommendations", nil, carrying(user, session), nil)
		},
		"a page": func(token, user, session string) error {
			page := api.PageRequest{UserID: user, SessionID: session, Placements: []api.Request{{Scenario: "home.for_you"}}}
			return s.asPage(t, token, http.MethodPost, "/v1/recommendations/batch", nil, page, nil)
		},
		"a ranking": func(token, user, session string) error {
			return s.asPage(
				t, token, http.MethodPost, "/v1/rankings", nil,
				api.RankRequest{UserID: user, SessionID: session, ItemIDs: []string{"i001", "i002"}}, nil,
			)
		},
	}
	for name, c := range map[string]struct{ token, user, session, code string }{
		"a random session":                   {"", "", session, ""},
		"nobody":                             {"", "", "", ""},
		"a user without a token":             {"", "ann", "", "user_token_needed"},
		"the user of the token":              {"ann", "ann", session, ""},
		"another than the user of the token": {"ann", "bob", session, "user_token_mismatch"},
		"a session that can be guessed":      {"", "", "17", "guessable_session"},
	} {
		for way, send := range ways {
			t.Run(name+" by "+way, func(t *testing.T) {
				t.Parallel()
				err := send(c.token, c.user, c.session)
				if c.code == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if p := apierror.From(err); !apierror.Is(err, http.StatusForbidden) || len(p.Errors) == 0 || p.Errors[0].Code != c.code ||
					!strings.Contains(p.Errors[0].Pointer, "_id") {
					t.Errorf("%v, want %s", err, c.code)
				}
			})
		}
	}
}
