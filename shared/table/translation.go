package table

import (
	"regexp"
	"strings"
)

// translated is a column that holds a text in a language: "title_de", "Titel (de)", "description:pt-BR", "name[fr]", "title-en_GB".
var translated = regexp.MustCompile(`^(.+?)\s*[_:. (\[-]\s*([A-Za-z]{2}(?:[-_][A-Za-z]{2})?)[)\]]?$`)

// languageCodes are the codes of two letters that the end of a column's name is taken for. Some that mean other things there are left out:
// "id", "no", "is", "to", "so", "or", "as"; such a column needs a mapping.
const languageCodes = " af am ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy ja ka kk km kn " +
	"ko ky lo lt lv mk ml mn mr ms mt my nb ne nl nn pa pl pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh "

// translation returns the field of an item for a column that holds its title or description in a language, "translations.de.title"; "" for
// any other column.
func (p *Plan) translation(column string) string {
	if p.Kind != Items {
		return ""
	}
	m := translated.FindStringSubmatch(strings.TrimSpace(column))
	if m == nil {
		return ""
	}
	code, region, _ := strings.Cut(strings.ReplaceAll(m[2], "_", "-"), "-")
	code = strings.ToLower(code)
	if !strings.Contains(languageCodes, " "+code+" ") {
		return ""
	}
	if region != "" {
		code += "-" + strings.ToUpper(region)
	}
	word := Letters(m[1])
	for _, f := range p.byWord[word] {
		if name := p.fields[f].Name; name == "title" || name == "description" {
			return "translations." + code + "." + name
		}
	}
	return ""
}

// translationName reports whether a name is a language and what is in it: "de.title".
func translationName(name string) bool {
	tag, part, ok := strings.Cut(name, ".")
	return ok && tag != "" && (part == "title" || part == "description")
}
