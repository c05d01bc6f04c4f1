package service_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
	"github.com/aisle-rec/aisle/shared/wire"
)

// world answers for the profile-service and the similarity-service over real HTTP, from data that a test sets. It keeps shops apart by the
// header that service keys send.
type world struct {
	mu      sync.Mutex
	shops   map[string]*shopData
	changed chan struct{} // closed at every change of a catalogue
	asked   map[string]int

	profile, similarity *httptest.Server
}

type shopData struct {
	changes  []profileapi.ItemChange
	items    map[string]profileapi.Item
	profiles map[string]*profileapi.Profile
	events   []profileapi.StoredEvent
	lists    map[string]map[string][]similarityapi.Neighbour // relation → item
	popular  map[string][]similarityapi.Neighbour            // window + "/" + category
	version  string
	damaged  []similarityapi.ModelFallback
	models   map[string]string // relation by version, of those that can be asked about; nil when none can
	seeding  *similarityapi.Seeding
	users    []profileapi.User        // in order of id
	stuck    map[string]chan struct{} // by user: the profile is answered once it is closed
	robot    string                   // a user who is one
	verdicts []profileapi.Robot       // the latest first
	edition  int                      // of everything
}

func newWorld(t testing.TB) *world {
	w := &world{shops: map[string]*shopData{}, changed: make(chan struct{}), asked: map[string]int{}}
	profile, similarity := http.NewServeMux(), http.NewServeMux()
	profile.HandleFunc("GET /v1/changes/items", w.itemChanges)
	profile.HandleFunc("GET /v1/users/{id}/state", w.stateOf)
	profile.HandleFunc("GET /v1/sessions/{id}/state", w.stateOf)
	profile.HandleFunc("GET /v1/events", w.listEvents)
	profile.HandleFunc("GET /v1/users", w.listUsers)
	profile.HandleFunc("GET /v1/robots", w.listRobots)
	similarity.HandleFunc("POST /v1/similarities", w.lookup)
	similarity.HandleFunc("POST /v1/similarities/next", w.next)
	similarity.HandleFunc("POST /v1/similarities/search", w.search)
	similarity.HandleFunc("GET /v1/popular", w.popular)
	similarity.HandleFunc("GET /v1/models/live", w.live)
	similarity.HandleFunc("GET /v1/models/{version}", w.model)
	w.profile, w.similarity = httptest.NewServer(profile), httptest.NewServer(similarity)
	t.Cleanup(func() {
		w.profile.CloseClientConnections()
		w.similarity.CloseClientConnections()
		w.profile.Close()
		w.similarity.Close()
	})
	return w
}

func (w *world) shop(name string) *shopData {
	s, ok := w.shops[name]
	if !ok {
		s = &shopData{
			items: map[string]profileapi.Item{}, profiles: map[string]*profileapi.Profile{},
			lists:   map[string]map[string][]similarityapi.Neighbour{},
			popular: map[string][]similarityapi.Neighbour{}, version: "m1",
		}
		w.shops[name] = s
	}
	return s
}

// edit changes a shop's data.
func (w *world) edit(name string, f func(s *shopData)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w.shop(name))
	w.shop(name).edition++
	close(w.changed)
	w.changed = make(chan struct{})
}

func (s *shopData) put(items ...profileapi.Item) {
	for _, it := range items {
		s.items[it.ItemID] = it
		s.changes = append(s.changes, profileapi.ItemChange{ItemID: it.ItemID, Item: &it})
	}
}

func (s *shopData) list(relation, item string, neighbours ...similarityapi.Neighbour) {
	if s.lists[relation] == nil {
		s.lists[relation] = map[string][]similarityapi.Neighbour{}
	}
	s.lists[relation][item] = neighbours
}

// did makes the profile of a user: views of items, the latest first.
func (s *shopData) did(user, eventType string, items ...string) {
	p := s.profiles[user]
	if p == nil {
		p = &profileapi.Profile{UserID: user, Known: true}
		s.profiles[user] = p
	}
	for _, id := range items {
		p.Recent = append(p.Recent, profileapi.ProfileItem{
			ItemID: id, Type: eventType, Types: []string{eventType}, Weight: 1, Decayed: 1, Count: 1, AgeHours: 2,
		})
		if eventType == "purchase" {
			p.Purchased = append(p.Purchased, profileapi.PurchasedItem{
				ItemID: id, Count: 1, Quantity: 1, LastAt: wire.TimeOf(time.Now().Add(-2 * time.Hour)),
			})
		}
	}
}

func of(r *http.Request) string { return r.Header.Get(auth.ShopHeader) }

func send(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (w *world) count(what string) {
	w.asked[what]++
}

func (w *world) itemChanges(rw http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	wait, _ := strconv.Atoi(r.URL.Query().Get("wait_ms"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	timeout := time.NewTimer(time.Duration(wait) * time.Millisecond)
	defer timeout.Stop()
	for {
		w.mu.Lock()
		all, changed := w.shop(of(r)).changes, w.changed
		page := slices.Clone(all[min(after, len(all)):min(after+limit, len(all))])
		w.mu.Unlock()
		if len(page) > 0 || wait == 0 {
			next := after + len(page)
			send(rw, profileapi.ItemChanges{Changes: page, Next: strconv.Itoa(next), More: next < len(all)})
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			wait = 0
		case <-r.Context().Done():
			return
		}
	}
}

// usersPage is how many users the double lists at once, fewer than it is asked for, as a service may.
const usersPage = 7

func (w *world) listUsers(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	after, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	all := w.shop(of(r)).users
	page := profileapi.Page[profileapi.User]{Items: all[after:min(after+usersPage, len(all))]}
	if next := after + usersPage; next < len(all) {
		page.NextCursor = new(strconv.Itoa(next))
	}
	send(rw, page)
}

func (w *world) stateOf(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	stuck := w.shop(of(r)).stuck[r.PathValue("id")]
	w.mu.Unlock()
	if stuck != nil {
		select {
		case <-stuck:
		case <-r.Context().Done():
			return
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count("profile")
	p := profileapi.Profile{UserID: r.PathValue("id")}
	if have := w.shop(of(r)).profiles[r.PathValue("id")]; have != nil {
		p = *have
	}
	tag := strconv.Quote(strconv.Itoa(w.shop(of(r)).edition))
	rw.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		rw.WriteHeader(http.StatusNotModified)
		return
	}
	answer := encoded(&p)
	answer.Robot = p.UserID == w.shop(of(r)).robot
	_, _ = rw.Write(answer.Append(nil)) // a reader that is gone needs none
}

// halfLife is that of the weights in states.
const halfLife = 30 * 24 * time.Hour

// began is the moment from which ages of fixtures are counted: a state does not change by being asked for.
var began = time.Now()

// encoded is what the profile-service says of a visitor with a profile. Its affinities are left out: they follow from the catalogue.
func encoded(p *profileapi.Profile) visitorstate.Answer {
	a := visitorstate.Answer{Known: p.Known, HalfLife: halfLife, Withheld: !p.Consent.AllowsPersonalization(), LastSeq: max(1, p.Watermark)}
	a.Person, _ = json.Marshal(profileapi.User{Segments: p.Segments, Attributes: p.Attributes, Locale: p.Locale}) // it was JSON before
	s := visitorstate.State{Seq: 1, LastEvent: p.LastEventID}
	now := began
	at := func(id string) *visitorstate.Item {
		n := s.Find(id)
		if n < 0 {
			n = len(s.Items)
			s.Items = append(s.Items, visitorstate.Item{
				ID: id, LastMs: now.Add(-2 * time.Hour).UnixMilli(), FirstMs: now.Add(-2 * time.Hour).UnixMilli(),
			})
		}
		return &s.Items[n]
	}
	for n := range p.Recent {
		r := &p.Recent[n]
		it := at(r.ItemID)
		age := time.Duration(r.AgeHours * float64(time.Hour))
		it.LastMs = now.Add(-age).UnixMilli()
		it.FirstMs, it.Count = it.LastMs, uint32(max(1, r.Count))
		it.Decayed = float32(r.Decayed / visitorstate.Decay(age.Milliseconds(), halfLife))
		it.Weight, it.Strongest = float32(r.Weight), float32(r.Weight)
		for _, name := range r.Types {
			k := slices.Index(s.Types, name)
			if k < 0 {
				k = len(s.Types)
				s.Types = append(s.Types, name)
			}
			it.Types |= 1 << k
			if name == r.Type {
				it.Top = uint8(k)
			}
		}
	}
	if len(s.Types) == 0 {
		s.Types = []string{"view_item"}
	}
	for _, b := range p.Purchased {
		it := at(b.ItemID)
		times := b.Times
		if len(times) == 0 {
			times = []wire.Time{b.LastAt}
		}
		for _, t := range slices.Backward(times) {
			it.Purchases = append(it.Purchases, visitorstate.Purchase{
				AtMs: t.UnixMilli(), Quantity: float32(b.Quantity) / float32(len(times)),
			})
		}
	}
	for _, c := range p.Cart {
		it := at(c.ItemID)
		it.Cart, it.CartMs = float32(max(1, c.Quantity)), it.LastMs
	}
	for _, id := range p.Hidden {
		at(id).Hidden = true
	}
	a.State = s.Append(nil)
	return a
}

func (w *world) listRobots(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	send(rw, profileapi.Page[profileapi.Robot]{Items: w.shop(of(r)).verdicts})
}

func (w *world) listEvents(rw http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after_seq"), 10, 64)
	w.mu.Lock()
	defer w.mu.Unlock()
	page := profileapi.Page[profileapi.StoredEvent]{Items: []profileapi.StoredEvent{}}
	q, s := r.URL.Query(), w.shop(of(r))
	for _, e := range s.events {
		e.Robot = e.Robot || e.UserID != "" && e.UserID == s.robot
		if e.Seq > after && (q.Get("user_id") == "" || q.Get("user_id") == e.UserID) &&
			(q.Get("session_id") == "" || q.Get("session_id") == e.SessionID) {
			page.Items = append(page.Items, e)
		}
	}
	send(rw, page)
}

// goneVersion is a model version that the similarity-service no longer has.
const goneVersion = "gone"

func (w *world) lookup(rw http.ResponseWriter, r *http.Request) {
	var in similarityapi.LookupRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	if in.ModelVersion == goneVersion {
		http.Error(rw, "there is no such version", http.StatusNotFound)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count("lookup")
	s := w.shop(of(r))
	out := similarityapi.LookupAnswer{ModelVersion: s.version, Relation: in.Relation, Seeding: s.seeding}
	for _, id := range in.ItemIDs {
		l := similarityapi.NeighbourList{ItemID: id, Source: "behaviour", Neighbours: s.lists[in.Relation][id]}
		out.Lists = append(out.Lists, l)
	}
	send(rw, out)
}

func (w *world) next(rw http.ResponseWriter, _ *http.Request) {
	send(rw, similarityapi.NextAnswer{ModelVersion: "m1", Items: []similarityapi.NextItem{}})
}

// search finds items whose title has the words.
func (w *world) search(rw http.ResponseWriter, r *http.Request) {
	var in similarityapi.SearchRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	out := similarityapi.SearchAnswer{Items: []similarityapi.Neighbour{}}
	for id, item := range w.shop(of(r)).items {
		if strings.Contains(item.Title, in.Q) {
			out.Items = append(out.Items, similarityapi.Neighbour{ItemID: id, Score: 1})
		}
	}
	send(rw, out)
}

func (w *world) popular(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	q := r.URL.Query()
	send(rw, similarityapi.PopularAnswer{
		Window: q.Get("window"), AsOf: wire.TimeOf(time.Unix(1.7e9, 0)),
		Items: w.shop(of(r)).popular[q.Get("window")+"/"+q.Get("category")],
	})
}

func (w *world) live(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.shop(of(r))
	v := s.version
	send(rw, similarityapi.LiveModels{Live: map[string]string{"similar": v, "bought_together": v, "viewed_next": v}, Degraded: s.damaged})
}

func (w *world) model(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.shop(of(r))
	if s.models == nil {
		http.Error(rw, "the archive does not answer", http.StatusServiceUnavailable)
		return
	}
	if relation, ok := s.models[r.PathValue("version")]; ok {
		send(rw, similarityapi.Model{Version: r.PathValue("version"), Relation: relation})
		return
	}
	rw.Header().Set("Content-Type", apierror.ContentType)
	rw.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(rw).Encode(apierror.New(http.StatusNotFound, "model_not_found", "There is no such model version."))
}

// lamps fills a shop with n items i000, i001 … in four categories and two brands. Each is near the ten after it.
func lamps(s *shopData, n int) {
	id := func(i int) string { return fmt.Sprintf("i%03d", i%n) }
	var popular []similarityapi.Neighbour
	for i := range n {
		price := float64(i%17) + 1
		s.put(profileapi.Item{
			ItemID: id(i), Title: "Lamp " + id(i), CategoryPath: []string{"Home", "C" + strconv.Itoa(i%4)}, Brand: "B" + strconv.Itoa(i%2),
			Price:       &price,
			Attributes:  map[string]any{"colour": []string{"red", "blue", "green"}[i%3]},
			PublishedAt: wire.TimeOf(time.Unix(1.6e9+int64(i), 0)),
		})
		var near []similarityapi.Neighbour
		for k := 1; k <= 10; k++ {
			near = append(near, similarityapi.Neighbour{ItemID: id(i + k), Score: 1 / float64(k+1)})
		}
		for _, relation := range []string{"similar", "bought_together", "viewed_next"} {
			s.list(relation, id(i), near...)
		}
		popular = append(popular, similarityapi.Neighbour{ItemID: id(i), Score: float64(n - i)})
	}
	for _, window := range []string{"popular", "trending", "best_sellers"} {
		s.popular[window+"/"] = popular
		for c := range 4 {
			category := "Home > C" + strconv.Itoa(c)
			s.popular[window+"/"+category] = slices.DeleteFunc(slices.Clone(popular), func(p similarityapi.Neighbour) bool {
				i, _ := strconv.Atoi(strings.TrimPrefix(p.ItemID, "i"))
				return i%4 != c
			})
		}
	}
}

// times returns how often something was asked for.
func (w *world) times(what string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[what]
}
