package operations

import (
	"encoding/json"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// View implements page.View.
func (d *importsData) View(v *page.Visit) g.Node { return g.Group{d.wizard(), d.list(v)} }

func (d *importsData) list(v *page.Visit) g.Node {
	const title = "Imports, newest first"
	if len(d.Imports) == 0 {
		return view.Card(title, view.Empty("Nothing was imported yet.",
			g.Text("Begin with the product file, then past orders: recommendations are there as soon as a recompute "+
				"has run.")))
	}
	return view.Card(title, view.Table("Imports",
		view.Head(view.Column("Import"), view.Column("State"), view.Column("When"), view.NumberColumn("Stored"),
			view.NumberColumn("Rejected"), view.NumberColumn("Warned")),
		g.Map(d.Imports, func(i profileapi.Import) g.Node { return importRow(v, i) })))
}

func importRow(v *page.Visit, i profileapi.Import) g.Node {
	name, state := i.Spec.Kind, view.State(i.State)
	if i.Spec.DryRun {
		name += ", dry run"
	}
	if !i.UndoneAt.IsZero() {
		state = view.Tag("", "undone")
	}
	return view.Row(g.Group{view.Link("/imports/"+page.Escape(i.ImportID), name), h.Br(), h.Small(g.Text(i.ImportID))},
		view.Cell(state), view.TextCell(words.Ago(v.Now(), i.CreatedAt.Time)),
		view.NumberCell(words.Number(i.Accepted)), view.NumberCell(words.Number(i.Rejected)),
		view.NumberCell(words.Number(i.Warned)))
}

// View implements page.View.
func (d *importData) View(v *page.Visit) g.Node {
	return g.Group{
		h.Div(h.ID("import"), h.Aria("live", "polite"), g.If(!d.Ended(), h.Data("refresh", "1")), d.state(v)),
		g.If(len(d.Warnings) > 0, view.Card("Not all understood", warnings(d.Warnings))),
		g.If(len(d.Errors) > 0, view.Card("Rejected rows", rejectedRows(d.Errors))),
		d.columnCard(),
		g.If(len(d.Preview) > 0, h.Details(h.Class("more card"),
			h.Summary(g.Text("The first rows as they are stored")), preview(d.Preview))),
	}
}

func (d *importData) state(v *page.Visit) g.Node {
	state := view.State(d.State)
	if !d.UndoneAt.IsZero() {
		state = view.Tag("", "undone "+words.Ago(v.Now(), d.UndoneAt.Time))
	}
	stored := words.Number(d.Accepted)
	if d.Spec.DryRun {
		stored = "0, a dry run: " + stored + " would be"
	}
	return h.Section(h.Class("card"), h.H2(g.Text("State "), state),
		g.If(d.Problem != "", h.P(h.Class("bad"), g.Text(d.Problem))),
		g.If(!d.Ended(), h.P(view.Progress(d.Progress, "Share of the file that was read"))),
		view.Facts(view.TextFact("Rows", words.Number(d.Rows)), view.TextFact("Stored", stored),
			view.TextFact("Known already", words.Number(d.Duplicates)),
			view.TextFact("Rejected", words.Number(d.Rejected)),
			view.TextFact("With a warning", words.Number(d.Warned)),
			g.If(d.Archived > 0, view.TextFact("Archived", words.Number(d.Archived))),
			view.TextFact("Begun", words.When(d.CreatedAt.Time))),
		d.actions(), d.next())
}

func (d *importData) actions() g.Node {
	path := "/imports/" + page.Escape(d.ImportID)
	return view.Actions(
		g.If(d.Change && !d.Ended(), view.Post(path+"/cancel", h.Button(h.Class("danger"), g.Text("Cancel")))),
		g.If(d.Rejected > 0, view.Button(path+"/report", "Download the rejected rows")),
		g.If(d.Change && d.Undo, g.Group{
			view.Post(path+"/undo", h.Button(h.Class("danger"),
				h.Data("confirm", "Take out what this import stored? What somebody has changed since stays."),
				g.Text("Undo"))),
			g.Text(" "), h.Span(h.Class("soft"), g.Text("possible until "+words.When(d.UndoUntil.Time))),
		}))
}

// next is what to do after an import that stored something.
func (d *importData) next() g.Node {
	if !d.Ended() || d.Spec.DryRun || !d.UndoneAt.IsZero() || d.Accepted == 0 {
		return nil
	}
	if d.Spec.Kind == "items" {
		return h.P(g.Text("Next: "), view.Link("/imports", "import past orders"), g.Text(", or "),
			view.Link("/catalogue", "look at the catalogue"), g.Text("."))
	}
	return h.P(g.Text("Next: "), view.Link("/jobs", "start a recompute"), g.Text(", then "),
		view.Link("/try", "try a placement"), g.Text("."))
}

func (d *importData) columnCard() g.Node {
	if len(d.Columns) == 0 {
		return nil
	}
	return view.Card("Columns", view.Table("Columns",
		view.Head(view.Column("Column"), view.Column("Went into"), view.Column("Why")),
		g.Map(d.Columns, func(c profileapi.ImportColumn) g.Node {
			return view.Row(g.Text(c.Column), view.Cell(fieldOf(c, g.Text("left out"))), view.TextCell(reason(c)))
		})))
}

// fieldOf is where the values of a column go, or leftOut.
func fieldOf(c profileapi.ImportColumn, leftOut g.Node) g.Node {
	if c.Field == "" {
		return leftOut
	}
	return h.Code(g.Text(c.Field))
}

// reason says why the values of a column go where they go.
func reason(c profileapi.ImportColumn) string {
	if c.Detail == "" {
		return c.How
	}
	return c.How + ": " + c.Detail
}

// warnings are the kinds of things that were not all understood.
func warnings(list []profileapi.ImportWarning) g.Node {
	return view.List(g.Map(list, func(w profileapi.ImportWarning) g.Node {
		rows := words.Number(w.Count) + " rows"
		if w.Example != "" {
			rows += ", such as “" + w.Example + "”"
		}
		return g.Group{
			g.If(w.Column != "", g.Group{h.Code(g.Text(w.Column)), g.Text(" ")}), g.Text(w.Detail + " "),
			h.Small(g.Text(rows)),
		}
	})...)
}

func rejectedRows(list []profileapi.ImportError) g.Node {
	return view.List(g.Map(list, func(e profileapi.ImportError) g.Node {
		return g.Group{
			g.Text("Line " + words.Whole(e.Line)),
			g.If(e.Column != "", g.Group{g.Text(", "), h.Code(g.Text(e.Column))}),
			g.Text(": " + e.Message), g.If(e.Sample != "", g.Group{g.Text(" "), h.Small(g.Text("“" + e.Sample + "”"))}),
		}
	})...)
}

// preview shows rows as they are stored.
func preview(rows []json.RawMessage) g.Node {
	return g.Map(rows, func(row json.RawMessage) g.Node { return view.JSON(row) })
}
