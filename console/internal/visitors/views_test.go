package visitors

import (
	"testing"
	"time"

	g "maragu.dev/gomponents"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/page/pagetest"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

func TestPagesShowWhatTheyFound(t *testing.T) {
	t.Parallel()
	hourAgo := wire.Time{Time: pagetest.Now().Add(-time.Hour)}
	no := false
	refuses := &profileapi.Consent{Personalization: &no, Analytics: &no}
	wrong := []profileapi.FieldError{{Pointer: "/type", Code: "unknown_type", Detail: "is <b>unknown"}}
	event := profileapi.StoredEvent{ReceivedAt: hourAgo, Event: profileapi.Event{
		Type: "purchase", SessionID: "a-long-id-of-a-session", RecommendationID: "r", Items: []profileapi.EventItem{
			{ItemID: "1"}, {ItemID: "2"}, {ItemID: "3"}, {ItemID: "a/b c"}, {ItemID: "5"}, {ItemID: "6"},
		},
	}}
	for name, one := range map[string]struct {
		found page.View
		texts []string
	}{
		"visitors": {
			&visitorsData{
				Latest: []latestVisitor{{User: "<b>&", Last: event}, {Session: "a-long-id-of-a-session", Last: event}},
				Users:  []profileapi.User{{UserID: "u 1", Segments: []string{"<i>"}, Consent: refuses}},
			},
			[]string{
				`<a href="/console/visitors/visitor?user=%3Cb%3E%26">&lt;b&gt;&amp;</a>`,
				`visitor?session=a-long-id-of-a-session">a-long-id-of…</a>`,
				"nobody knows him", "1 h ago", `<span class="tag">&lt;i&gt;</span>`, `<span class="tag warn">no personalisation</span>`,
			},
		},
		"no visitors": {&visitorsData{}, []string{"Nobody was here yet.", "No records", `role="search"`}},
		"visitor": {
			&visitorData{
				User: "<b>&", Session: "s", Change: true, Robot: true, Events: []profileapi.StoredEvent{event},
				Profile: profileapi.Profile{
					Known: true, Consent: refuses, LastEventID: "e9", Segments: []string{"x", "y"}, Hidden: []string{"h"},
					Cart:     []profileapi.CartItem{{ItemID: "lamp", Quantity: 2}},
					Affinity: profileapi.Affinity{Categories: []profileapi.AffinityValue{{Value: "Lamps > <b>", Weight: 1.5}}},
					Recent:   []profileapi.ProfileItem{{ItemID: "lamp", Types: []string{"view_item", "rate"}, Count: 3, LastAt: hourAgo}},
				},
			},
			[]string{
				"e9", "x, y", `>lamp</a> × 2`, "Lamps &gt; &lt;b&gt; <small>1.5</small>", "view_item, rate", "No personalisation:",
				`name="verdict" value="not_a_robot"`, `href="/console/visitors/erase?user=%3Cb%3E%26"`,
				`item?id=a%2Fb+c">a/b c</a> and 2 more`,
				`<input type="checkbox" id="analytics" name="analytics">`,
			},
		},
		"empty visitor": {
			&visitorData{}, []string{"no event and no record", "no category known", "Consent of a session", "Nothing yet.",
				"No event is kept."},
		},
		"a visit without a name": {&visitorData{Session: "s 1"}, []string{`href="/console/try?session=s+1">What he is shown</a>`}},
		"erasure": {
			&erasureData{User: "<b>&", Problem: apierror.Invalid("Nothing was <i>erased."), Counts: &recommenderapi.PersonEntry{
				ExportEntry: profileapi.ExportEntry{Counts: &profileapi.ExportCounts{Events: 1234}},
				More:        &recommenderapi.PersonCounts{Clicks: 7},
			}},
			[]string{
				"Nothing was &lt;i&gt;erased.", "<dt>Events</dt><dd>1\u202f234</dd>", "<dt>Clicks</dt><dd>7</dd>",
				"Erase &lt;b&gt;&amp; for good",
				`name="do" value="erase"`, `required aria-describedby="repeat-hint"`, `visitor?user=%3Cb%3E%26">Cancel`,
			},
		},
		"empty erasure": {&erasureData{}, []string{"What will happen"}},
		"erased": {
			&erasureData{User: "u", Receipt: &recommenderapi.PersonErased{
				Profile: profileapi.ErasureReceipt{ReceiptID: "<9>"},
				Left:    []profileapi.Held{{Where: "backups", What: "events", Until: hourAgo}, {Where: "x", What: "y", Ends: "never"}},
			}},
			[]string{"<dd>&lt;9&gt;</dd>", "backups: events, until 2026-11-30 11:00:00 UTC", "x: y, never"},
		},
		"empty receipt": {&erasureData{Receipt: &recommenderapi.PersonErased{}}, []string{"keep it as the proof"}},
		"health": {
			&healthData{
				Days: 7, Plot: g.Raw("<svg>1</svg>"), LagPlot: g.Raw("<svg>2</svg>"), Decide: true, Sample: sample{Events: 4, Named: .25},
				Stats:    profileapi.EventStats{UnknownItemShare: .1, SampledLines: 20},
				Rejected: []codeCount{{Code: "unknown_type", Count: 3, Example: &wrong[0]}}, Warned: []codeCount{{Code: "w"}},
				Robots: []profileapi.Robot{
					{SessionID: "s 1", Verdict: "robot", JudgedBy: "detector",
						Reasons: []profileapi.RobotReason{{Detail: "too <fast>"}, {Detail: "x"}}},
					{UserID: "u", Verdict: "not_a_robot", JudgedBy: "key-1", JudgedAt: hourAgo},
				},
				Preparation: []similarityapi.PreparationStep{{Name: "robots", Dropped: 5, Examples: []string{"a", "b"}}},
				PreparedAt:  hourAgo,
			},
			[]string{
				`<option value="7" selected>`, "<svg>1</svg>", "<svg>2</svg>", "name items that are not in the catalogue",
				"of 20 lines name",
				"<code>/type</code> is &lt;b&gt;unknown", "none since this replica started", "25.0\u202f% say which",
				"left out, 1 h ago:", "a, b",
				`id="robots"`, `visitor?session=s+1">session s 1</a>`, "too &lt;fast&gt; x", "1 h ago by key-1", "<th>Say otherwise</th>",
				`name="verdict" value="not_a_robot"><button>Not a robot`, `name="to" value="health"`,
			},
		},
		"empty health": {
			&healthData{}, []string{"Nothing came in", "Nothing to show.", "None.", "There is no event yet.", "No recompute has",
				"No robot was found."},
		},
		"debugger": {
			&debuggerData{
				Item: "<i>", Type: "rate", Types: []string{"purchase", "rate"}, Events: []profileapi.StoredEvent{event},
				Form: form.New(nil, apierror.Invalid("Wrong.", apierror.FieldError{Pointer: "/event", Detail: "is no JSON"}),
					form.Fields("event")),
				Answer: &profileapi.EventsAnswer{Results: []profileapi.Result{{Status: "rejected", Errors: wrong}}},
				Verdicts: []profileapi.Verdict{
					{At: hourAgo, Type: "<t>", Result: profileapi.Result{ID: "id-of-an-event", Status: "duplicate", Warnings: wrong}},
				},
			},
			[]string{
				`data-live="#verdict" data-typing="off"`, "data-preview", "is no JSON",
				"<code>/type</code> is &lt;b&gt;unknown <small>unknown_type",
				`value="&lt;i&gt;"`, "<option selected>rate", `id="stream" data-refresh="2"`, "6 lines", "follows an answer",
				"&#34;type&#34;: &#34;purchase&#34;", `title="a-long-id-of-a-session">a-long-id-of…`, "<strong>&lt;t&gt;</strong>",
				"id-of-an-event",
				`<button name="paused" value="yes">Hold`,
			},
		},
		"empty debugger": {
			&debuggerData{Paused: true},
			[]string{`id="stream">`, "No event yet.", "None since this replica", `<button name="paused" value="" class="main">Go on`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pagetest.Shows(t, one.found, one.texts...)
		})
	}
}
