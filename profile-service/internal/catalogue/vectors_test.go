package catalogue_test

import (
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
)

func TestVectors(t *testing.T) {
	t.Parallel()
	long := strings.TrimSuffix(strings.Repeat("1,", 4097), ",")
	for name, c := range map[string]struct{ vectors, pointer, code string }{
		"two spaces of different lengths": {`{"picture":[0.5,-1,0],"text":[1,2]}`, "", ""},
		"none":                            {`{}`, "", ""},
		"a space without a name":          {`{"":[1,2]}`, "/vectors/", "required"},
		"a name that is too long": {
			`{"` + strings.Repeat("x", 65) + `":[1,2]}`, "/vectors/" + strings.Repeat("x", 65), "too_long",
		},
		"one number":                        {`{"picture":[1]}`, "/vectors/picture", "out_of_range"},
		"more numbers than are taken":       {`{"picture":[` + long + `]}`, "/vectors/picture", "out_of_range"},
		"all zeros":                         {`{"picture":[0,0]}`, "/vectors/picture", "invalid_value"},
		"a number beyond what 32 bits hold": {`{"picture":[1e300,0]}`, "/vectors", "wrong_type"},
		"no number":                         {`{"picture":["a","b"]}`, "/vectors", "wrong_type"},
		"too many spaces":                   {`{"a":[1,1],"b":[1,1],"c":[1,1],"d":[1,1],"e":[1,1]}`, "/vectors", "too_many"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, bad := catalogue.Decode([]byte(`{"item_id":"lamp","vectors":`+c.vectors+`}`), "")
			if c.code == "" {
				if len(bad) > 0 {
					t.Fatalf("refused: %v", bad)
				}
				return
			}
			if len(bad) != 1 || bad[0].Pointer != c.pointer || bad[0].Code != c.code {
				t.Errorf("got %v, want %s at %s", bad, c.code, c.pointer)
			}
		})
	}
}
