package operations

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/page/pagetest"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

func TestPagesShowWhatTheyFound(t *testing.T) {
	t.Parallel()
	hourAgo := wire.Time{Time: pagetest.Now().Add(-time.Hour)}
	done := profileapi.Import{
		ImportID: "a/1", Spec: profileapi.ImportSpec{Kind: "items", DryRun: true}, State: profileapi.ImportDone, Rows: 1234, Accepted: 3,
		Rejected: 2, Duplicates: 4, Warned: 1, Archived: 5, CreatedAt: hourAgo, Problem: "bad <b>", Notes: []string{"is <i>windows-1252"},
		Warnings: []profileapi.ImportWarning{{Column: "price", Detail: "is odd", Count: 7, Example: "<9>"}},
		Columns:  []profileapi.ImportColumn{{Column: "<titel>", Field: "title", How: "known", Detail: "by name"}, {Column: "x"}},
		Preview:  []json.RawMessage{json.RawMessage(`{"item_id":"1"}`)},
	}
	stored, running := done, profileapi.Import{ImportID: "r", State: profileapi.ImportRunning, Progress: .25}
	stored.Spec = profileapi.ImportSpec{Kind: "events"}
	wrong := []profileapi.ImportError{{Line: 9, Column: "price", Message: "is no <number>", Sample: "x"}}
	shared := []string{
		"bad &lt;b&gt;", "<code>price</code> is odd <small>7 rows, such as “&lt;9&gt;”</small>", "&lt;titel&gt;", "<code>title</code>",
		"known: by name", "Line 9, <code>price</code>: is no &lt;number&gt; <small>“x”</small>", "&#34;item_id&#34;: &#34;1&#34;",
	}
	for name, one := range map[string]struct {
		found page.View
		texts []string
	}{
		"wizard": {
			&importsData{
				Change: true, Imports: []profileapi.Import{done}, Try: &done, Errors: wrong,
				Columns: []columnRow{{1, done.Columns[0], form.Options("", "title")}, {2, done.Columns[1], nil}},
				Form:    form.New(url.Values{"column1_to": {"title"}, "kind": {"items"}}, apierror.Invalid("Wrong <file>."), importField),
			},
			append([]string{
				`enctype="multipart/form-data" id="wizard"`, `data-live="#understood" data-typing="change"`, "data-drop",
				`data-for="kind=events"`,
				`<input type="file" id="f-file" name="file" required`, "Wrong &lt;file&gt;.", "is &lt;i&gt;windows-1252",
				"1\u202f234 rows: <strong>3</strong> would be stored, <strong>2</strong> rejected, 4 known already, 1 with a warning.",
				`<input type="hidden" form="wizard" name="column1" value="&lt;titel&gt;">`, `<option value="title" selected>title`,
				`<select form="wizard" name="column2_to"`, `form="wizard" name="do" value="import">Import 3 rows`,
				`<a href="/console/imports/a%2F1">items, dry run</a>`, "1 h ago", `<span class="tag warn">left out`,
			}, shared...),
		},
		"wizard that waits": {
			&importsData{Change: true, Try: &running}, []string{"Still reading: 25.0\u202f%", `<a href="/console/imports/r">Follow it`},
		},
		"wizard without a row": {&importsData{Change: true, Try: &profileapi.Import{State: "done"}}, []string{`value="import" disabled`}},
		"no imports":           {&importsData{}, []string{"Nothing was imported yet."}},
		"import": {
			&importData{Import: stored, Errors: wrong, Undo: true, Change: true},
			append([]string{
				`id="import" aria-live="polite">`, "<dt>Archived</dt><dd>5</dd>", `<a class="button" href="/console/imports/a%2F1/report">`,
				`action="/console/imports/a%2F1/undo"><button class="danger" data-confirm="Take out`, "start a recompute",
			}, shared...),
		},
		"dry run": {&importData{Import: done}, []string{"0, a dry run: 3 would be"}},
		"running import": {
			&importData{Import: running, Change: true},
			[]string{`data-refresh="1"`, `<progress max="1" value="0.25"`, `/r/cancel"><button class="danger">Cancel`},
		},
		"undone import": {
			&importData{Import: profileapi.Import{State: "done", UndoneAt: hourAgo}}, []string{`<span class="tag">undone 1 h ago</span>`},
		},
		"empty import": {&importData{}, []string{"<h2>State"}},
		"keys": {
			&keysData{
				Visible: true, Keys: []recommenderapi.Key{
					{KeyID: "<k>", Note: "of <b>", Scopes: []string{"*", "audit:read"}, Origins: []string{"https://a", "https://b"}},
					{ExpiresAt: hourAgo},
				},
				Changes: []audit.Entry{{At: hourAgo, Action: "key.create", Subject: "<k>", Actor: "command"}},
			},
			[]string{
				"&lt;k&gt;<br><small>of &lt;b&gt;</small>", `<span class="tag">everything</span> <span class="tag">audit:read`,
				"https://a, https://b",
				"never", "2026-11-30", "2026-11-30 11:00:00 UTC: key.create &lt;k&gt; by command",
				"aisle keys create --keys-file keys.json --shop lamps&amp; --kind secret\n",
				"<dt>Key</dt><dd>none: this machine needs none</dd>",
			},
		},
		"keys that are not seen": {&keysData{}, []string{"Your key lacks the scope <code>audit:read</code>"}},
		"no keys":                {&keysData{Visible: true}, []string{"There are no keys."}},
		"audit log": {
			&auditData{
				Action: "<a>", From: "2026-11-01", Next: url.Values{"action": {"<a>"}, "cursor": {"c&"}}.Encode(),
				Page: audit.Page{Missing: []string{"profile", "similarity"}, Items: []audit.Entry{
					{At: hourAgo, Actor: "<k>", ActorKind: "secret", Action: "rule.put", Subject: "<s>", Outcome: "done",
						After: []byte(`{"id":1}`)},
					{At: hourAgo, Actor: "open", ActorKind: "secret", Action: "rule.put"},
				}},
			},
			[]string{
				`data-live="#entries"`, `name="action" value="&lt;a&gt;" list="actions"`, `<option value="person"></option>`,
				`type="date" value="2026-11-01"`, "entries of profile, similarity,", "&lt;k&gt;<br><small>secret</small>",
				"open<br><small>somebody without a key</small>",
				`<th scope="row">rule.put<br><small>&lt;s&gt;</small></th>`, `<span class="tag good">done`,
				`<pre tabindex="0">null</pre><pre tabindex="0">{`, `href="/console/audit?action=%3Ca%3E&amp;cursor=c%26">Older entries`,
			},
		},
		"empty audit log": {&auditData{}, []string{"No entry fits.", `id="entries"`}},
		"settings": {
			&settingsData{
				Weights: profileapi.EventWeights{"rate": 0, "<buy>": 5},
				Learnt: &learntWeights{Version: "v/1", ReportEventWeights: similarityapi.ReportEventWeights{
					Pairs: 1234, OrderedLearnt: .75, Weights: []similarityapi.ReportEventWeight{{Type: "<buy>", Learnt: 4, Low: 3,
						High: 5}},
				}},
			},
			[]string{
				"<dt>Version</dt><dd>1.2</dd>", "<dd>lamps&amp;</dd>", `<span class="tag">no</span> everything, also`,
				`<span class="tag good">yes</span> <code>config:read</code>`, "Learnt [95 %]", "rating − 3",
				`&lt;buy&gt;</th><td class="n">5</td><td class="n">4 [3, 5]</td>`, `<a href="/console/models/v%2F1/report">v/1</a>`,
				"on 1\u202f234 pairs of others, 75.0\u202f% are",
			},
		},
		"weights that are not learnt": {
			&settingsData{Weights: profileapi.EventWeights{"like": 2}}, []string{"once some hundred visitors", "like"},
		},
		"empty settings": {&settingsData{}, []string{"This installation", "Types of event"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pagetest.Shows(t, one.found, one.texts...)
		})
	}
}
