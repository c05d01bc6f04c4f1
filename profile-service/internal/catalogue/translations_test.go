package catalogue_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestTranslations(t *testing.T) {
	t.Parallel()
	var many []string
	for n := range profileapi.MaxTranslations + 1 {
		many = append(many, fmt.Sprintf(`"de-x%d":{"title":"a"}`, n))
	}
	for name, c := range map[string]struct{ translations, pointer, code string }{
		"several":                  {`{"de":{"title":"Kanne"},"pt-BR":{"description":"Um bule"},"zh-Hant-TW":{"title":"壺"}}`, "", ""},
		"none":                     {`{}`, "", ""},
		"no tag":                   {`{"German":{"title":"Kanne"}}`, "/translations/German", "invalid_value"},
		"an empty tag":             {`{"":{"title":"Kanne"}}`, "/translations/", "invalid_value"},
		"an underscore":            {`{"pt_BR":{"title":"Bule"}}`, "/translations/pt_BR", "invalid_value"},
		"an end without a subtag":  {`{"de-":{"title":"Kanne"}}`, "/translations/de-", "invalid_value"},
		"nothing in it":            {`{"de":{}}`, "/translations/de", "required"},
		"a title that is too long": {`{"de":{"title":"` + strings.Repeat("ä", 1025) + `"}}`, "/translations/de/title", "too_long"},
		"a text":                   {`{"de":"Kanne"}`, "/translations", "wrong_type"},
		"too many":                 {"{" + strings.Join(many, ",") + "}", "/translations", "too_many"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, bad := catalogue.Decode([]byte(`{"item_id":"pot","translations":`+c.translations+`}`), "")
			if c.code == "" {
				if len(bad) > 0 {
					t.Fatalf("refused: %v", bad)
				}
				return
			}
			if len(bad) != 1 || bad[0].Code != c.code || bad[0].Pointer != c.pointer {
				t.Errorf("got %v, want %s at %s", bad, c.code, c.pointer)
			}
		})
	}
}
