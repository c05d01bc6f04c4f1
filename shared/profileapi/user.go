package profileapi

import "github.com/aisle-rec/aisle/shared/wire"

// User is a known visitor.
type User struct {
	UserID     string         `json:"user_id,omitempty" maxLength:"256"`
	Attributes map[string]any `json:"attributes,omitempty"`
	Segments   []string       `json:"segments,omitempty" maxItems:"256"`
	Locale     string         `json:"locale,omitempty" maxLength:"35"`
	Consent    *Consent       `json:"consent,omitempty"`
	CreatedAt  wire.Time      `json:"created_at,omitempty" readOnly:"true"`
	UpdatedAt  wire.Time      `json:"updated_at,omitempty" readOnly:"true"`
	Version    int64          `json:"version,omitempty" readOnly:"true"`
}

// Profile is what recommending needs to know of a visitor. It reflects every event acknowledged before the request.
type Profile struct {
	UserID      string          `json:"user_id,omitempty"`
	SessionID   string          `json:"session_id,omitempty"`
	Known       bool            `json:"known" doc:"Any event or user record exists"`
	Consent     *Consent        `json:"consent,omitempty"`
	Segments    []string        `json:"segments,omitempty"`
	Attributes  map[string]any  `json:"attributes,omitempty"`
	Locale      string          `json:"locale,omitempty"`
	Recent      []ProfileItem   `json:"recent" doc:"Distinct items, the latest touched first"`
	Session     []ProfileItem   `json:"session" doc:"The same for the present session only, if one was asked for"`
	Affinity    Affinity        `json:"affinity"`
	Purchased   []PurchasedItem `json:"purchased" doc:"The latest bought first"`
	Hidden      []string        `json:"hidden" doc:"Items marked not_interested or rated low"`
	Cart        []CartItem      `json:"cart" doc:"Put into the cart and neither taken out nor bought, the latest first"`
	AsOf        wire.Time       `json:"as_of"`
	LastEventID string          `json:"last_event_id,omitempty"`
	Watermark   int64           `json:"watermark" doc:"Sequence number of the last event seen; with as_of it gives this profile again"`
}

// ProfileItem is one item of a visitor's history.
type ProfileItem struct {
	ItemID   string    `json:"item_id"`
	Type     string    `json:"type" doc:"Type of the event with the largest weight"`
	Types    []string  `json:"types,omitempty" doc:"All types seen, sorted"`
	Weight   float64   `json:"weight" doc:"Sum of event weights, undecayed"`
	Decayed  float64   `json:"decayed_weight" doc:"The same, each event decayed by its age with the affinity half-life"`
	Count    int       `json:"count"`
	FirstAt  wire.Time `json:"first_at"`
	LastAt   wire.Time `json:"last_at"`
	AgeHours float64   `json:"age_hours" doc:"Since last_at"`
}

// PurchasedItem is one item that a visitor bought.
type PurchasedItem struct {
	ItemID   string      `json:"item_id"`
	Count    int         `json:"count" doc:"Orders that contain it"`
	Quantity float64     `json:"quantity"`
	FirstAt  wire.Time   `json:"first_at"`
	LastAt   wire.Time   `json:"last_at"`
	Times    []wire.Time `json:"times,omitempty" doc:"Latest ten purchases of an item bought more than once, oldest first"`
}

// CartItem is one item in a visitor's cart.
type CartItem struct {
	ItemID   string    `json:"item_id"`
	Quantity float64   `json:"quantity"`
	LastAt   wire.Time `json:"last_at"`
}

// Affinity are decayed weights per value, the heaviest first, at most 50 of each.
type Affinity struct {
	Categories []AffinityValue `json:"categories"`
	Brands     []AffinityValue `json:"brands"`
	PriceBands []AffinityValue `json:"price_bands"`
}

// AffinityValue is one liked (or, when negative, disliked) value.
type AffinityValue struct {
	Value  string  `json:"value"`
	Weight float64 `json:"weight"`
}

// ProfileQuery asks for a profile. At and Watermark give a past one again.
type ProfileQuery struct {
	UserID    string
	SessionID string
	Limit     int       // of Recent; 0 means 100
	At        wire.Time // zero: now
	Watermark int64     // 0: everything
}
