package people

import "testing"

func TestWhatNamesAPerson(t *testing.T) {
	t.Parallel()
	who := names{"4711": true, "a-long-session-id": true}
	for body, want := range map[string]bool{
		`{"record": {"user_id": "4711"}}`:                               true,
		`{"record": {"customer": 4711}}`:                                true,
		`{"record": {"page": "/?sid=a-long-session-id&x=1"}}`:           true,
		`{"record": {"properties": {"code": "4711"}}}`:                  true,
		`{"record": {"items": [{"item_id": "4711", "price": 4711}]}}`:   false,
		`{"line": 4711, "code": "4711", "record": {"item_id": "4711"}}`: false,
		`{"record": {"user_id": "47110", "page": "/?id=4711"}}`:         false,
		`no JSON 4711`: false,
	} {
		if got := who.in([]byte(body)); got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
}
