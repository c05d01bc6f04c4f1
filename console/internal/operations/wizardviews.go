package operations

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// wizardID is the id of the form that has the file. Fields and buttons of the later steps stand outside of it and belong
// to it.
const wizardID = "wizard"

// wizard leads from a file to an import in three steps.
func (d *importsData) wizard() g.Node {
	if !d.Change {
		return nil
	}
	return g.Group{
		d.fileForm(),
		h.Div(h.ID("understood"), h.Aria("live", "polite"), view.Problem(d.Form.Problem), d.understood()),
	}
}

func (d *importsData) fileForm() g.Node {
	f := d.Form
	return h.Form(h.Method("post"), h.Action(page.Root+"/imports"), h.EncType("multipart/form-data"), h.ID(wizardID),
		h.Class("card"), h.Data("live", "#understood"), h.Data("typing", "change"),
		h.H2(g.Text("1. Choose a file")), fileField(),
		h.Div(h.Class("row"),
			f.Select("kind", "What the rows are", "", importKinds()),
			f.Select("format", "Format", "", form.Options(profileapi.ImportFormats()...)),
			h.Div(h.Data("for", "kind=events"),
				f.Text("event_type", "Type of event", "of every row, such as purchase, when no column says"))),
		view.Fold("When something is misread",
			h.Div(h.Class("row"), f.Text("separator", "Separator", "one character, or tab"),
				f.Text("encoding", "Encoding", "such as windows-1252"), f.Text("decimal", "Decimal mark", ". or ,"),
				f.Text("date_format", "Form of dates", "such as DD.MM.YYYY"),
				f.Text("timezone", "Time zone", "such as Europe/Berlin")),
			h.Div(h.Data("for", "kind=items"),
				f.Check("complete", "The file is the whole catalogue: archive what it lacks", ""))),
		view.Actions(h.Button(h.Class("main"), g.Attr("data-preview"), h.Name("do"), h.Value("try"),
			g.Text("See how it is understood"))))
}

func fileField() g.Node {
	return h.Div(h.Class("field"), h.ID("f-file-field"),
		h.Div(h.Class("drop"), g.Attr("data-drop"),
			h.Label(h.For("f-file"), g.Text("Drop a file here, or choose one")), h.Br(),
			h.Input(h.Type("file"), h.ID("f-file"), h.Name("file"), h.Required(),
				h.Aria("describedby", "f-file-hint"))),
		h.P(h.Class("hint"), h.ID("f-file-hint"),
			g.Text("CSV with any separator, xlsx, NDJSON, XML, Google feeds, Shopify and WooCommerce exports; "+
				"plain or compressed, up to 64 MB here and of any size with "),
			h.Code(g.Text("aisle import")), g.Text(".")))
}

// understood is what a dry run says of the file; nothing before the first.
func (d *importsData) understood() g.Node {
	if d.Try == nil {
		return nil
	}
	var wrong, rejected, warned g.Node
	if d.Try.Problem != "" {
		wrong = h.P(h.Class("bad"), g.Text(d.Try.Problem))
	}
	if len(d.Try.Warnings) > 0 {
		warned = g.Group{h.H3(g.Text("Not all understood")), warnings(d.Try.Warnings)}
	}
	if len(d.Errors) > 0 {
		rejected = g.Group{h.H3(g.Text("Rejected rows")), rejectedRows(d.Errors)}
	}
	return view.Card("2. How it is understood",
		h.P(tried(d.Try)), wrong,
		g.If(len(d.Try.Notes) > 0, h.Ul(g.Map(d.Try.Notes, func(note string) g.Node { return h.Li(g.Text(note)) }))),
		d.columnTable(), warned, rejected,
		g.If(len(d.Try.Preview) > 0, view.Fold("The first rows as they would be stored", preview(d.Try.Preview))),
		importIt(d.Try))
}

// tried says what a dry run counted, or how far it is.
func tried(i *profileapi.Import) g.Node {
	if !i.Ended() {
		return g.Group{
			g.Text("Still reading: " + words.Percent(i.Progress) + ". "),
			view.Link("/imports/"+page.Escape(i.ImportID), "Follow it"), g.Text("."),
		}
	}
	more := ""
	if i.Duplicates > 0 {
		more += ", " + words.Number(i.Duplicates) + " known already"
	}
	if i.Warned > 0 {
		more += ", " + words.Number(i.Warned) + " with a warning"
	}
	return g.Group{
		g.Text(words.Number(i.Rows) + " rows: "), h.Strong(g.Text(words.Number(i.Accepted))),
		g.Text(" would be stored, "),
		h.Strong(g.Text(words.Number(i.Rejected))), g.Text(" rejected" + more + ". Nothing is stored yet."),
	}
}

func (d *importsData) columnTable() g.Node {
	if len(d.Columns) == 0 {
		return nil
	}
	return view.Table("Columns",
		view.Head(view.Column("Column"), view.Column("Goes into"), view.Column("Why"), view.Column("Change it")),
		g.Map(d.Columns, func(c columnRow) g.Node {
			return view.Row(g.Text(c.Column), view.Cell(fieldOf(c.ImportColumn, view.Tag("warn", "left out"))),
				view.TextCell(reason(c.ImportColumn)), view.Cell(d.columnChoice(c)))
		}))
}

// columnChoice lets a person send a column elsewhere.
func (d *importsData) columnChoice(c columnRow) g.Node {
	name := "column" + words.Whole(int64(c.N))
	to := name + "_to"
	return g.Group{
		h.Input(h.Type("hidden"), h.FormAttr(wizardID), h.Name(name), h.Value(c.Column)),
		h.Select(h.FormAttr(wizardID), h.Name(to), h.Aria("label", "Field of the column "+c.Column),
			g.Map(c.Options, func(o form.Option) g.Node {
				return h.Option(h.Value(o.Value), g.If(o.Value == d.Form.Get(to), h.Selected()), g.Text(o.Label))
			})),
	}
}

// importIt is the last step, when the dry run is over.
func importIt(i *profileapi.Import) g.Node {
	if !i.Ended() {
		return nil
	}
	return g.Group{
		h.H2(g.Text("3. Import it")), view.Soft(g.Text("It can be undone afterwards.")),
		view.Actions(h.Button(h.Class("main"), h.FormAttr(wizardID), h.Name("do"), h.Value("import"),
			g.If(i.Accepted == 0, h.Disabled()), g.Text("Import "+words.Number(i.Accepted)+" rows"))),
	}
}
