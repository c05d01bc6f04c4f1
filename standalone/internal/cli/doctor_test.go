package cli

import "testing"

func TestOnlyTheUsualServerHasTheUsualAdminPort(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]bool{
		"http://127.0.0.1:8080": true, "http://localhost:8080": true, "127.0.0.1:8080": true, "http://[::1]:8080/": true,
		"http://127.0.0.1:28080": false, "https://rec.shop.example": false, "http://10.0.0.1:8080": false, "": false,
	} {
		if got := isUsual(server); got != want {
			t.Errorf("%q is the usual one: %t", server, got)
		}
	}
}
