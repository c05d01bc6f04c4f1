package merchandise

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// termsShown is how many terms of an item are listed.
const termsShown = 20

// textCard is what is read in the texts of an item; nothing for nil.
func textCard(t *similarityapi.ItemText) g.Node {
	if t == nil {
		return nil
	}
	language := cmp.Or(t.Language.Code, "not known: words are taken as they are") + ", " + t.Language.Source
	if t.Language.Source == "detected" {
		language += " with confidence " + words.Short(t.Language.Confidence)
	}
	return view.Card("What is read in its texts", h.ID("text"),
		view.Facts(
			view.TextFact("Language", language),
			g.If(len(t.Entities) > 0, view.Fact("Speaks of", listed(t.Entities, func(e similarityapi.TextEntity) g.Node {
				return g.Group{g.Text(e.Kind + " "), h.Strong(g.Text(e.Value))}
			}))),
			g.If(!t.Indexed, view.TextFact("Compared", "not with other items: it is archived, or was stored a moment ago"))),
		termsTable(t.Terms), g.Map(t.Fields, textField))
}

// listed are values with commas between them.
func listed[T any](values []T, show func(T) g.Node) g.Node {
	var list g.Group
	for n, v := range values {
		if n > 0 {
			list = append(list, g.Text(", "))
		}
		list = append(list, show(v))
	}
	return list
}

func termsTable(terms []similarityapi.TextTerm) g.Node {
	if len(terms) == 0 {
		return view.Nothing(g.Text("No words: nothing is alike by text."))
	}
	head := view.Head(view.Column("Term"), view.NumberColumn("In its texts"), view.NumberColumn("Items with it"), view.NumberColumn("IDF"),
		view.NumberColumn("Weight"), view.Column("In other languages"))
	return view.Table("Terms", head, g.Map(terms[:min(termsShown, len(terms))], func(t similarityapi.TextTerm) g.Node {
		return view.Row(g.Text(t.Term), view.NumberCell(strconv.Itoa(t.Frequency)), view.NumberCell(words.Number(t.Items)),
			view.NumberCell(words.Short(t.IDF)), view.NumberCell(words.Short(t.Weight)),
			view.Cell(listed(t.Translations, func(w similarityapi.TextTranslation) g.Node { return g.Text(w.Language + ": " + w.Term) })))
	}))
}

// textField folds away what the steps of the text pipeline make of a field.
func textField(f similarityapi.TextField) g.Node {
	name, entities := f.Field, g.Text("none")
	if f.Language != "" {
		name += ", " + f.Language
	}
	if len(f.Entities) > 0 {
		entities = listed(f.Entities, func(e similarityapi.TextEntity) g.Node {
			if e.Position == nil {
				return g.Text(e.Kind + " " + e.Value)
			}
			return g.Textf("%s %s at %d", e.Kind, e.Value, *e.Position)
		})
	}
	stems := slices.DeleteFunc(slices.Clone(f.Stems), func(stem string) bool { return stem == "" }) // those of stop words
	return view.Fold(name, view.Facts(
		view.TextFact("Normalised", f.Normalised), view.TextFact("Tokens", strings.Join(f.Tokens, ", ")),
		view.TextFact("Stems", strings.Join(stems, " ")), view.TextFact("Stop words", cmp.Or(strings.Join(f.StopWords, ", "), "none")),
		view.Fact("Entities", entities)))
}

// reviewsCard is what buyers say of an item; nothing for nil.
func reviewsCard(r *similarityapi.ItemReviews) g.Node {
	const title = "What buyers say"
	switch {
	case r == nil:
		return nil
	case r.Count == 0 && r.AsOf.IsZero():
		return view.Card(title, h.ID("reviews"), view.Nothing(g.Text("No reviews, or no recompute since the first.")))
	case r.Count == 0:
		return view.Card(title, h.ID("reviews"), view.Nothing(g.Text("No reviews.")))
	}
	return view.Card(title, h.ID("reviews"), reviewFacts(r), aspectsTable(r.Aspects),
		h.P(h.Class("hint"), g.Text(sentimentText(r.Sentiment))))
}

func reviewFacts(r *similarityapi.ItemReviews) g.Node {
	var mean, unrated g.Node
	if r.MeanRating != nil {
		text := words.Short(*r.MeanRating) + ", the mean of the shop counted in as five reviews"
		if r.RawMean != nil {
			text += "; " + words.Short(*r.RawMean) + " without"
		}
		mean = view.TextFact("Mean rating", text)
	}
	if u := r.Unrated; u.Texts > 0 {
		unrated = view.TextFact("Texts without a rating", words.Number(u.Texts)+": "+words.Number(u.Pleased)+" pleased, "+
			words.Number(u.Displeased)+" not")
	}
	return view.Facts(
		view.TextFact("Reviews", words.Number(r.Count)+", "+words.Number(r.Rated)+" with a rating, "+words.Number(r.Texts)+" with a text"),
		mean,
		view.Fact("From 1 to 5", listed(r.Ratings, func(n int) g.Node { return g.Text(words.Number(n)) })),
		unrated, view.TextFact("Read", words.When(r.AsOf.Time)))
}

func aspectsTable(aspects []similarityapi.ReviewAspect) g.Node {
	if len(aspects) == 0 {
		return nil
	}
	head := view.Head(view.Column("They speak of"), view.NumberColumn("Reviews"), view.NumberColumn("Pleased"), view.NumberColumn("Not"))
	return view.Table("Aspects", head, g.Map(aspects, func(a similarityapi.ReviewAspect) g.Node {
		term := g.Group{g.Text(a.Term), g.If(a.Kind != "", g.Group{g.Text(" "), h.Small(g.Text(a.Kind))})}
		return view.Row(term, view.NumberCell(words.Number(a.Mentions)), view.NumberCell(words.Number(a.Pleased)),
			view.NumberCell(words.Number(a.Displeased)))
	}))
}

// sentimentText says how sentiment is told in the shop, and how well.
func sentimentText(s similarityapi.ReviewSentiment) string {
	if s.Method != similarityapi.SentimentLearnt {
		return "Sentiment is told by a list of words: there are too few texts with a rating to learn from, or the list tells better."
	}
	text := "Sentiment is learnt from the shop's own ratings"
	if s.Learnt != nil {
		text += ": " + words.Percent(s.Learnt.Accuracy) + " of " + words.Number(s.Learnt.Texts) +
			" texts are told rightly that it had not seen, AUC " + words.Short(s.Learnt.AUC)
	}
	return text + "."
}
