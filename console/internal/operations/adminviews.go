package operations

import (
	"maps"
	"slices"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// View implements page.View.
func (d *keysData) View(v *page.Visit) g.Node {
	return g.Group{ownKey(&v.Who), d.shopKeys(), howToMakeKeys(v.Who.Shop), d.changes()}
}

func ownKey(who *page.Person) g.Node {
	key := who.KeyID
	if who.Open {
		key = "none: this machine needs none"
	}
	return view.Card("Your key", view.Facts(view.TextFact("Key", key), view.TextFact("Role", who.Role()),
		view.Fact("May", scopeTags(who.Scopes))))
}

func scopeTags(scopes []string) g.Node {
	return g.Map(scopes, func(scope string) g.Node {
		if scope == auth.ScopeAll {
			scope = "everything"
		}
		return g.Group{view.Tag("", scope), g.Text(" ")}
	})
}

func (d *keysData) shopKeys() g.Node {
	const title = "Keys of the shop"
	switch {
	case !d.Visible:
		return view.Card(title, view.Nothing(g.Text("Your key lacks the scope "), h.Code(g.Text(auth.ScopeAuditRead)),
			g.Text(", with which the other keys are seen.")))
	case len(d.Keys) == 0:
		return view.Card(title, view.Empty("There are no keys.",
			g.Text("Without them Aisle answers to this machine only. The first key opens it to others, and "+
				"closes it to who has none.")))
	}
	return view.Card(title, view.Table("Keys",
		view.Head(view.Column("Key"), view.Column("Kind"), view.Column("May"), view.Column("From pages of"),
			view.Column("Made"), view.Column("Ends")),
		g.Map(d.Keys, keyRow)))
}

func keyRow(k recommenderapi.Key) g.Node {
	ends := "never"
	if !k.ExpiresAt.IsZero() {
		ends = words.Date(k.ExpiresAt.Time)
	}
	return view.Row(g.Group{g.Text(k.KeyID), g.If(k.Note != "", g.Group{h.Br(), h.Small(g.Text(k.Note))})},
		view.TextCell(k.Kind), view.Cell(scopeTags(k.Scopes)), view.TextCell(strings.Join(k.Origins, ", ")),
		view.TextCell(words.Date(k.CreatedAt.Time)), view.TextCell(ends))
}

func howToMakeKeys(shop string) g.Node {
	return view.Card("Make and remove keys",
		h.P(g.Text("Keys are made where the keys file is: nobody who can reach the console can make himself a key.")),
		h.Pre(h.TabIndex("0"), g.Text("aisle keys create --keys-file keys.json --shop "+shop+" --kind secret\n"+
			"aisle keys create --keys-file keys.json --shop "+shop+" --kind publishable "+
			"--origin https://shop.example\n"+
			"aisle keys --help")))
}

func (d *keysData) changes() g.Node {
	if len(d.Changes) == 0 {
		return nil
	}
	return view.Card("Lately changed", view.List(g.Map(d.Changes, func(e audit.Entry) g.Node {
		return g.Text(words.When(e.At.Time) + ": " + e.Action + " " + e.Subject + " by " + words.Author(e.Actor))
	})...))
}

// subjects are what entries of the audit log are about: their actions begin so.
func subjects() []string {
	return []string{
		"scenario", "rule", "experiment", "rollout", "model", "job", "schedule", "import", "person", "user", "key",
	}
}

// View implements page.View.
func (d *auditData) View(*page.Visit) g.Node { return g.Group{d.filter(), d.entries()} }

func (d *auditData) filter() g.Node {
	day := func(name, label, value string) g.Node {
		return view.Field(name, label, h.Input(h.ID(name), h.Name(name), h.Type("date"), h.Value(value)))
	}
	return h.Form(h.Method("get"), h.Action(page.Root+"/audit"), h.Class("card"), h.Data("live", "#entries"),
		h.Div(h.Class("row"),
			view.Field("action", "What was done",
				h.Input(h.ID("action"), h.Name("action"), h.Value(d.Action), h.List("actions"), h.AutoComplete("off")),
				h.DataList(h.ID("actions"), g.Map(subjects(), func(s string) g.Node { return h.Option(h.Value(s)) }))),
			view.Input("actor", "By", d.Actor), view.Input("subject", "To what", d.Subject),
			day("from", "From", d.From), day("to", "To", d.To)),
		view.Actions(h.Button(g.Text("Filter"))))
}

func (d *auditData) entries() g.Node {
	return h.Section(h.Class("card"), h.ID("entries"), h.Aria("live", "polite"),
		g.If(len(d.Page.Missing) > 0, h.P(h.Class("warn"),
			g.Text("Without the entries of "+strings.Join(d.Page.Missing, ", ")+", which did not answer."))),
		d.table())
}

func (d *auditData) table() g.Node {
	if len(d.Page.Items) == 0 {
		return view.Empty("No entry fits.",
			g.Text("Changes of placements, rules, experiments, models, imports, keys and of persons' data "+
				"are written down here before they are done, and kept for a year."))
	}
	return g.Group{
		view.Table("Entries",
			view.Head(view.Column("When"), view.Column("Who"), view.Column("Did"), view.Column("Outcome"),
				view.Column("What changed")),
			g.Map(d.Page.Items, entryRow)),
		g.If(d.Next != "", view.Actions(view.Button("/audit?"+d.Next, "Older entries"))),
	}
}

// actorKind says what stands below who did something, which is the id that the log is filtered by.
func actorKind(e audit.Entry) string {
	if author := words.Author(e.Actor); author != e.Actor {
		return author
	}
	return e.ActorKind
}

func entryRow(e audit.Entry) g.Node {
	return h.Tr(view.TextCell(words.When(e.At.Time)),
		view.Cell(g.Text(e.Actor), g.If(e.ActorKind != e.Actor, view.Below(actorKind(e)))),
		h.Th(h.Scope("row"), g.Text(e.Action), view.Below(e.Subject)),
		view.Cell(view.State(e.Outcome)),
		view.Cell(g.If(len(e.Before)+len(e.After) > 0,
			view.Fold("before and after", view.JSON(e.Before), view.JSON(e.After)))))
}

// View implements page.View.
func (d *settingsData) View(v *page.Visit) g.Node {
	return g.Group{view.Columns(installation(v), ownScopes(&v.Who)), d.eventTypes()}
}

func installation(v *page.Visit) g.Node {
	version, keys := v.Version, "needed"
	if version == "" {
		version = "not stated"
	}
	if v.Who.Open {
		keys = "none: it answers to this machine only"
	}
	return view.Card("This installation",
		view.Facts(view.TextFact("Version", version), view.TextFact("Shop", v.Who.Shop), view.TextFact("Keys", keys)),
		h.P(g.Text("Settings are flags and variables of the programs: "), h.Code(g.Text("aisle serve --help")),
			g.Text(". What a placement does is set in "), view.Link("/placements", "the placements"), g.Text(".")))
}

// ownScopes says of each scope whether the key holds it, except of auth.ScopeAdminRead: that opens admin ports of other
// machines, for service keys, and no person's key has it.
func ownScopes(who *page.Person) g.Node {
	var items []g.Node
	for _, scope := range auth.Scopes() {
		if scope == auth.ScopeAdminRead {
			continue
		}
		held, name := view.Tag("", "no"), h.Code(g.Text(scope))
		if who.Can(scope) {
			held = view.Tag("good", "yes")
		}
		if scope == auth.ScopeAll {
			name = g.Text("everything, also what is added later")
		}
		items = append(items, g.Group{held, g.Text(" "), name})
	}
	return view.Card("What your key may do", view.List(items...))
}

func (d *settingsData) eventTypes() g.Node {
	const title = "Types of event and what they weigh"
	if len(d.Weights) == 0 {
		return view.Card(title)
	}
	return view.Card(title,
		view.Table("Types of event",
			view.Head(view.Column("Type"), view.NumberColumn("Weight"),
				g.If(d.Learnt != nil, view.NumberColumn("Learnt [95 %]"))),
			g.Map(slices.Sorted(maps.Keys(d.Weights)), d.weightRow)),
		h.P(h.Class("hint"), g.Text("Changed with "), h.Code(g.Text("--event-weights")), g.Text(" or "),
			h.Code(g.Text("AISLE_PROFILE_EVENT_WEIGHTS")), g.Text("; the next recompute counts with them.")),
		d.Learnt.hint())
}

func (d *settingsData) weightRow(eventType string) g.Node {
	weight, learnt := words.Number(d.Weights[eventType]), g.Node(nil)
	if eventType == "rate" {
		weight = "rating − 3"
	}
	if d.Learnt != nil {
		learnt = view.NumberCell(d.Learnt.of(eventType))
	}
	return view.Row(g.Text(eventType), view.NumberCell(weight), learnt)
}

// hint says where the weights were learnt and how good they are, or for nil what it takes to learn them.
func (l *learntWeights) hint() g.Node {
	if l == nil {
		return h.P(h.Class("hint"),
			g.Text("What each type is worth is learnt by a recompute once some hundred visitors with events of "+
				"several types came back."))
	}
	return h.P(h.Class("hint"),
		g.Text("Learnt by "), view.Link("/models/"+page.Escape(l.Version)+"/report", l.Version),
		g.Text(" from visitors who came back: on "+words.Number(l.Pairs)+" pairs of others, "+
			words.Percent(l.OrderedLearnt)+" are in the right order with the learnt weights and "+
			words.Percent(l.OrderedConfigured)+" with those that are set; half would be chance."))
}
