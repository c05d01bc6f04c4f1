// Package validation judges the fields of a JSON body that has been decoded, and collects one error per bad field.
package validation

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	maxAttributes     = 256
	maxAttributeBytes = 64 << 10
	maxAmount         = 1e12
	maxExact          = 1<<53 - 1 // the largest number up to which a float64 tells whole ones apart
)

// Fields collects the errors of one body, whose place in the request is Pointer.
type Fields struct {
	Pointer string
	Errors  []profileapi.FieldError
}

// Wrong notes a bad field; pointer is relative to the body.
func (f *Fields) Wrong(pointer, code, detail string) {
	f.Errors = append(f.Errors, profileapi.FieldError{Pointer: f.Pointer + pointer, Code: code, Detail: detail})
}

// ID refuses what cannot be an id; an empty one is absent unless required.
func (f *Fields) ID(pointer, id string, required bool) {
	if id == "" && !required {
		return
	}
	if why := wire.InvalidID(id); why != "" {
		f.Wrong(pointer, "invalid_id", why)
	}
}

// Text refuses a text that is longer than limit characters or holds U+0000.
func (f *Fields) Text(pointer, text string, limit int) {
	if utf8.RuneCountInString(text) > limit {
		f.Wrong(pointer, "too_long", fmt.Sprintf("At most %d characters are kept here.", limit))
	}
	if strings.ContainsRune(text, 0) {
		f.Wrong(pointer, "nul_character", "The value must not contain the character U+0000.")
	}
}

// Address refuses a text that is no web address: one that is longer than limit characters, that holds control characters, or whose scheme
// is another than http and https. A page that makes a link or a picture of it would run what stands behind "javascript:".
func (f *Fields) Address(pointer, text string, limit int) {
	f.Text(pointer, text, limit)
	if strings.ContainsFunc(text, unicode.IsControl) { // browsers read "java\nscript:" without the line's end
		f.Wrong(pointer, "invalid_address", "The address holds a control character; leave it out.")
		return
	}
	scheme, _, found := strings.Cut(strings.TrimSpace(text), ":")
	if !found || strings.ContainsAny(scheme, "/?#") || strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https") {
		return
	}
	f.Wrong(
		pointer, "invalid_address", fmt.Sprintf("%.40q is no address of the web: use one that begins with https://, http:// or /.", text),
	)
}

// Texts refuses a list of more than limit texts, and texts that are empty, too long or hold control characters.
func (f *Fields) Texts(pointer string, texts []string, limit, length int) {
	if len(texts) > limit {
		f.Wrong(pointer, "too_many", fmt.Sprintf("At most %d values are kept here.", limit))
		return
	}
	for i, t := range texts {
		at := pointer + "/" + strconv.Itoa(i)
		f.Text(at, t, length)
		if t == "" || strings.ContainsFunc(t, unicode.IsControl) {
			f.Wrong(at, "invalid_value", "The value is empty or holds a control character.")
		}
	}
}

// Amount refuses a number that is negative or beyond 1e12.
func (f *Fields) Amount(pointer string, amount *float64) {
	if amount != nil && !(*amount >= 0 && *amount <= maxAmount) {
		f.Wrong(pointer, "out_of_range", "The value is not a number between 0 and 1e12.")
	}
}

// Match refuses a text, unless it is empty, that does not match.
func (f *Fields) Match(pointer, text string, matches func(string) bool, expected string) {
	if text != "" && !matches(text) {
		f.Wrong(pointer, "invalid_value", fmt.Sprintf("%.40q is not %s.", text, expected))
	}
}

// Choice refuses a text, unless it is empty, that is none of the choices.
func (f *Fields) Choice(pointer, text string, choices ...string) {
	if text != "" && !slices.Contains(choices, text) {
		f.Wrong(pointer, "invalid_value", fmt.Sprintf("%.40q is none of %s.", text, strings.Join(choices, ", ")))
	}
}

// Attributes allows strings, numbers up to 2⁵³ − 1, booleans and lists of strings, within limits.
func (f *Fields) Attributes(attributes map[string]any) {
	if len(attributes) > maxAttributes {
		f.Wrong("/attributes", "too_many", fmt.Sprintf("At most %d attributes are kept.", maxAttributes))
		return
	}
	size := 0
	for name, value := range attributes {
		at := apierror.PointerTo("/attributes", name)
		f.Text(at, name, 256)
		size += len(name)
		switch value := value.(type) {
		case string:
			size += len(value)
			f.Text(at, value, maxAttributeBytes)
		case float64:
			if !(math.Abs(value) <= maxExact) {
				f.Wrong(
					at, "out_of_range",
					"A number in attributes is between -9007199254740991 and 9007199254740991, beyond which digits "+
						"are lost. Put a longer one in double quotes.",
				)
			}
		case bool, nil:
		case []any:
			for i, entry := range value {
				text, ok := entry.(string)
				if !ok {
					f.Wrong(at+"/"+strconv.Itoa(i), "wrong_type", "A list in attributes holds strings only.")
					break
				}
				size += len(text)
				f.Text(at+"/"+strconv.Itoa(i), text, maxAttributeBytes)
			}
		default:
			f.Wrong(at, "wrong_type", "An attribute is a string, a number, a boolean or a list of strings.")
		}
	}
	if size > maxAttributeBytes {
		f.Wrong("/attributes", "too_long", fmt.Sprintf("The attributes have more than %d bytes.", maxAttributeBytes))
	}
	slices.SortFunc(f.Errors, func(a, b profileapi.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
}

// DecodeErrors says of an object that cannot be decoded as a T, for err, which of its members cannot, in order of their names; pointer is
// where the object stands. Each member is tried alone, since encoding/json tells of the first only, and not which it is where the member
// has its own way to be read, such as a time.
func DecodeErrors[T any](data []byte, err error, pointer string) (list []profileapi.FieldError) {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(data, &members) // what is no object has no members
	for _, name := range slices.Sorted(maps.Keys(members)) {
		alone, bad := json.Marshal(map[string]json.RawMessage{name: members[name]})
		if bad == nil {
			bad = json.Unmarshal(alone, new(T))
		}
		if bad != nil {
			list = append(list, decodeError(bad, pointer, "/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name)))
		}
	}
	if len(list) == 0 {
		list = append(list, decodeError(err, pointer, ""))
	}
	return list
}

// decodeError turns an error of encoding/json into that of the field that it names, or else of the member that was decoded.
func decodeError(err error, pointer, member string) profileapi.FieldError {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		at := "/" + strings.ReplaceAll(wrongType.Field, ".", "/")
		if n := strings.Index(at, member); n > 0 {
			at = at[n:] // before it stands the Go name of an embedded struct
		}
		return profileapi.FieldError{Pointer: pointer + at, Code: "wrong_type",
			Detail: fmt.Sprintf("The value is %s; %s is expected.", article(wrongType.Value), article(jsonName(wrongType.Type)))}
	}
	return profileapi.FieldError{Pointer: pointer + member, Code: "invalid_value", Detail: "The value cannot be read: " + err.Error() + "."}
}

func jsonName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Float64, reflect.Float32, reflect.Int64, reflect.Int:
		return "number"
	case reflect.Slice:
		return "list"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "object"
	}
	return t.Kind().String()
}

// DecodeOne reads the body of a request on one thing whose id is in the path: field is the member that may repeat the id, at where it is in
// the value, and check what is wrong with a value. Errors are problems that name what, such as "user".
func DecodeOne[T any](
	what, field, id string, body []byte, at func(*T) *string, check func(v *T, pointer string) []profileapi.FieldError,
) (v T, err error) {
	refused := func(errors ...profileapi.FieldError) (T, error) {
		return v, apierror.Invalid("The "+what+" is not usable.", errors...)
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return refused(DecodeErrors[T](body, err, "")...)
	}
	if own := *at(&v); own != "" && own != id {
		return refused(profileapi.FieldError{
			Pointer: "/" + field, Code: "id_differs", Detail: field + " differs from the id in the path. Leave it out or make it the same.",
		})
	}
	*at(&v) = id
	if bad := check(&v, ""); len(bad) > 0 {
		return refused(bad...)
	}
	return v, nil
}

// article puts "a" or "an" before a word.
func article(word string) string {
	if word != "" && strings.ContainsRune("aeiou", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}
