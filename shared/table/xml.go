package table

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// headXML is how much of an XML file tells which element is the record.
const headXML = 128 << 10

// records are the names by which the elements of records are known.
func records() map[string]bool {
	out := map[string]bool{}
	for name := range strings.FieldsSeq(
		"item entry product offer shopitem article artikel produkt produit producto prodotto row record event order user customer",
	) {
		out[name] = true
	}
	return out
}

// xmlSource reads the elements of a list as records: the texts of their children are the values, by the child's name without its
// namespace, and by path (shipping.price) below it. Entities of HTML are understood, and what is not well-formed is taken as browsers do.
type xmlSource struct {
	reader  *Reader
	decoder *xml.Decoder
	bounded *boundedReader
	record  string // local name of the element of a record
}

// openXML finds the element of records by the beginning of the file.
func (r *Reader) openXML(text *bufio.Reader) error {
	r.Format = XML
	sized := bufio.NewReaderSize(text, headXML)
	head, _ := sized.Peek(headXML)
	record := recordElement(string(head))
	if record == "" {
		return errors.New("the file is XML, but no list of records such as <item> or <product> was found in it")
	}
	r.note("Each element <%s> is a record.", record)
	bounded := &boundedReader{r: sized, left: maxRecord}
	r.source = &xmlSource{reader: r, decoder: lenient(bounded), bounded: bounded, record: record}
	return nil
}

// lenient returns a decoder for UTF-8 whatever the declaration says: the text was converted before.
func lenient(r io.Reader) *xml.Decoder {
	d := xml.NewDecoder(r)
	d.Strict, d.Entity = false, xml.HTMLEntity
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return d
}

// recordElement finds the element of records in the beginning of a file: the first known name
// that has children, else the most frequent element with children below the root. An element
// with two attributes counts as one with children. It returns "" when there is none.
func recordElement(head string) string {
	d := lenient(strings.NewReader(head))
	known, counts, order := records(), map[string]int{}, []string{}
	var path []string
	children := map[int]bool{} // by depth: whether the open element has a child
	for {
		token, err := d.RawToken()
		if err != nil {
			break
		}
		switch token := token.(type) {
		case xml.StartElement:
			children[len(path)] = true
			path = append(path, token.Name.Local)
			children[len(path)] = len(token.Attr) > 1
		case xml.EndElement:
			if len(path) == 0 {
				continue
			}
			name := path[len(path)-1]
			if children[len(path)] && len(path) > 1 {
				if known[strings.ToLower(name)] {
					return name
				}
				if counts[name] == 0 {
					order = append(order, name)
				}
				counts[name]++
			}
			path = path[:len(path)-1]
		}
	}
	for _, open := range path { // a long first record has no end in the head
		if known[strings.ToLower(open)] {
			return open
		}
	}
	best := ""
	for _, name := range order {
		if counts[name] > counts[best] {
			best = name
		}
	}
	return best
}

// next passes over everything between records, such as the title of a feed.
func (s *xmlSource) next() (Record, error) {
	s.bounded.renew()
	for {
		token, err := s.decoder.Token()
		if err != nil {
			return Record{}, xmlError(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != s.record {
			continue
		}
		line, _ := s.decoder.InputPos()
		rec := Record{Line: int64(line)}
		for _, a := range start.Attr {
			s.add(&rec, a.Name.Local, a.Value)
		}
		if err := s.children(&rec); err != nil {
			return Record{}, xmlError(err)
		}
		return rec, nil
	}
}

// xmlError says in which line the file cannot be read. An end within a record is told from the
// end of the file.
func xmlError(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("the XML cannot be read in line %d: %s", syntax.Line, syntax.Msg)
	}
	return err
}

// children reads up to the end of the record. Only elements without elements in them have a
// value; blank ones are left out.
func (s *xmlSource) children(rec *Record) error {
	var path []string
	var texts []strings.Builder
	inner := []bool{}
	for {
		token, err := s.decoder.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(inner) > 0 {
				inner[len(inner)-1] = true
			}
			path, texts, inner = append(path, s.childName(rec, path, token)), append(texts, strings.Builder{}), append(inner, false)
		case xml.CharData:
			if len(texts) > 0 {
				texts[len(texts)-1].Write(token)
			}
		case xml.EndElement:
			if len(path) == 0 {
				return nil
			}
			last := len(path) - 1
			if text := texts[last].String(); !inner[last] && strings.TrimSpace(text) != "" {
				s.add(rec, path[last], text)
			}
			path, texts, inner = path[:last], texts[:last], inner[:last]
		}
	}
}

// childName names a child by its path, or by its attribute name as in <param name="Colour">; href of a link is its text, as in Atom.
func (s *xmlSource) childName(rec *Record, path []string, start xml.StartElement) string {
	name := start.Name.Local
	if len(path) > 0 {
		name = path[len(path)-1] + "." + name
	}
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "name":
			name = a.Value
		case "href":
			s.add(rec, name, a.Value)
		}
	}
	return name
}

// add adds a value to a column; a repeated column has several values.
func (s *xmlSource) add(rec *Record, name, value string) {
	if strings.HasPrefix(name, "xmlns") {
		return
	}
	column := s.reader.column(name)
	for len(rec.Values) <= column {
		rec.Values = append(rec.Values, "")
	}
	value = strings.TrimSpace(strings.ReplaceAll(value, List, ""))
	if rec.Values[column] != "" {
		value = rec.Values[column] + List + value
	}
	rec.Values[column] = value
}
