package sentiment

import (
	"slices"
	"sync"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/tokens"
)

// reader takes texts apart. It is safe for concurrent use.
type reader struct {
	analysers tokens.Analysers
	lists     sync.Map // language → map[string]float64, the polarity of stems
}

func newReader() *reader { return &reader{} }

func (r *reader) tokens(t Text) []tokens.Token {
	return r.analysers.Of(t.Language).Tokens(t.Text, textTokens)
}

// features are the stems of a text, each once, with its language, and with a mark behind a negation: "en:warm", "en:¬warm".
func (r *reader) features(list []tokens.Token, language string) []string {
	var out []string
	each(list, language, func(t tokens.Token, turned bool) {
		mark := language + ":"
		if turned {
			mark += "¬"
		}
		out = append(out, mark+t.Stem)
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// each calls use for every word that may say something, and says whether a negation stands before it.
func each(list []tokens.Token, language string, use func(t tokens.Token, turned bool)) {
	left := 0
	for _, t := range list {
		if negation(language, t.Text) {
			left = negated
			continue
		}
		if t.Stem != "" {
			use(t, left > 0)
		}
		left--
	}
}

// negation reports whether a word turns what follows round. Behind an apostrophe that parts words, "doesn't" is "doesn" and "t".
func negation(language, word string) bool {
	switch language {
	case "en":
		return slices.Contains([]string{
			"not", "no", "never", "nothing", "without", "don", "doesn", "didn", "isn", "wasn", "aren", "weren", "won", "wouldn", "couldn",
			"cannot", "hardly",
		}, word)
	case "de":
		return slices.Contains([]string{"nicht", "kein", "keine", "keinen", "keiner", "keinem", "nie", "niemals", "ohne", "kaum"}, word)
	case "fr":
		return slices.Contains([]string{"pas", "jamais", "aucun", "aucune", "rien", "sans", "ni"}, word)
	case "es":
		return slices.Contains([]string{"no", "nunca", "nada", "ningún", "ninguna", "sin", "ni", "tampoco"}, word)
	}
	return false
}

// listed tells by the word list: the share of words of praise, with one of each added.
func (r *reader) listed(list []tokens.Token, language string) (p float64, known bool) {
	polarity := r.polarity(language)
	good, bad := 1.0, 1.0
	each(list, language, func(t tokens.Token, turned bool) {
		value := polarity[t.Stem]
		if turned {
			value = -value
		}
		switch {
		case value > 0:
			good++
		case value < 0:
			bad++
		}
	})
	return good / (good + bad), good+bad > 2
}

// polarity returns the word list of a language by stems: 1 praises, −1 complains.
func (r *reader) polarity(language string) map[string]float64 {
	if known, ok := r.lists.Load(language); ok {
		return known.(map[string]float64)
	}
	good, bad := wordList(language)
	list, a := map[string]float64{}, r.analysers.Of(language)
	for value, words := range map[float64]string{1: good, -1: bad} {
		for _, stem := range a.Terms(words, 1000) {
			list[stem] = value
		}
	}
	known, _ := r.lists.LoadOrStore(language, list)
	return known.(map[string]float64)
}

// Opinion reports whether a stem of a language is on the word list: it says what somebody thinks, not what of.
func (m *Model) Opinion(language, stem string) bool { return m.reader.polarity(language)[stem] != 0 }

// wordList returns words of praise and of complaint.
func wordList(language string) (good, bad string) {
	switch language {
	case "en":
		return "good great excellent perfect love loved lovely beautiful nice wonderful amazing fantastic superb " +
				"happy pleased satisfied recommend best comfortable sturdy soft warm easy useful delicious pretty " +
				"gorgeous solid reliable quick fast brilliant ideal durable quality favourite favorite delighted " +
				"charming handy neat impressed",
			"bad poor terrible awful horrible hate hated worst broken broke breaks cheap useless disappointed " +
				"disappointing disappointment waste defective faulty damaged ugly uncomfortable flimsy rough cold " +
				"difficult hard wrong return returned refund slow late missing leaks leaking torn cracked " +
				"scratched smells smelly loose annoying fails failed junk rubbish"
	case "de":
		return "gut super toll klasse perfekt prima schön wunderschön hervorragend ausgezeichnet begeistert zufrieden liebe " +
				"empfehlen empfehlenswert bequem stabil weich warm einfach praktisch lecker hübsch hochwertig zuverlässig schnell " +
				"fantastisch großartig ideal freude gelungen angenehm robust sauber glücklich wunderbar topp bestens gerne",
			"schlecht furchtbar schrecklich mies kaputt defekt billig enttäuscht enttäuschend enttäuschung " +
				"unbrauchbar nutzlos hässlich unbequem wackelig rau kalt schwierig falsch zurück zurückgeschickt " +
				"rücksendung langsam spät fehlt fehlend undicht gerissen zerkratzt stinkt riecht locker ärgerlich " +
				"mangelhaft beschädigt schrott müll minderwertig leider gebrochen"
	case "fr":
		return "bon bonne excellent parfait parfaite super génial adore aime beau belle joli jolie magnifique " +
				"merveilleux content contente satisfait satisfaite ravi ravie recommande meilleur confortable " +
				"solide doux douce chaud facile pratique utile délicieux fiable rapide idéal qualité agréable bien " +
				"robuste heureux impeccable top",
			"mauvais mauvaise nul nulle terrible horrible affreux déteste pire cassé cassée cher déçu déçue " +
				"décevant déception inutile défectueux défectueuse abîmé laid moche inconfortable fragile rugueux " +
				"froid difficile faux retour renvoyé remboursement lent retard manque fuit déchiré fissuré rayé " +
				"pue odeur lâche énervant médiocre arnaque"
	case "es":
		return "bueno buena excelente perfecto perfecta genial encanta encantado encantada bonito bonita hermoso " +
				"maravilloso contento contenta satisfecho satisfecha recomiendo mejor cómodo cómoda sólido suave " +
				"cálido fácil práctico útil delicioso fiable rápido ideal calidad agradable resistente feliz " +
				"impecable estupendo fantástico precioso",
			"malo mala pésimo terrible horrible odio peor roto rota barato decepcionado decepcionada decepcionante " +
				"decepción inútil defectuoso defectuosa dañado feo fea incómodo frágil áspero frío difícil " +
				"equivocado devolver devuelto devolución reembolso lento tarde falta gotea rasgado agrietado " +
				"rayado huele flojo molesto estafa basura"
	}
	return "", ""
}
