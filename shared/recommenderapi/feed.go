package recommenderapi

// FeedFindings says what a feed holds, and what its items lack.
type FeedFindings struct {
	Products int                    `json:"products"`
	Variants int                    `json:"variants"`
	LeftOut  map[string]FeedFinding `json:"left_out,omitempty"`
	Lacking  map[string]FeedFinding `json:"lacking,omitempty"`
}

// FeedFinding counts the items of which something is found.
type FeedFinding struct {
	Count   int      `json:"count"`
	ItemIDs []string `json:"item_ids" doc:"The first 20 of them"`
}
