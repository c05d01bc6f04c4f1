package recommenderapi

import "github.com/aisle-rec/aisle/shared/wire"

// Key is what is known of a key of the shop; the key itself is known to its holder only.
type Key struct {
	KeyID     string    `json:"key_id"`
	Kind      string    `json:"kind" enum:"secret,publishable,service"`
	Scopes    []string  `json:"scopes"`
	Origins   []string  `json:"origins,omitempty" doc:"Of a publishable key: the pages that may use it"`
	Rate      float64   `json:"rate,omitempty" doc:"Requests per second; as its kind when absent"`
	Note      string    `json:"note,omitempty"`
	CreatedAt wire.Time `json:"created_at"`
	ExpiresAt wire.Time `json:"expires_at,omitempty"`
}
