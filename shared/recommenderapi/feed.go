package recommenderapi

// FeedFindings says what a feed holds, and what its items lack.
type FeedFindings struct {
	Products int                    `json:"products"`
	Variants int                    `json:"variants"`
	LeftOut  map[string]FeedFinding `json:"left_out,omitempty" doc:"Items that are not in the feed: not_shown (hidden, archived, not yet or no longer sold, or not sold in the market), no_title"`
	Lacking  map[string]FeedFinding `json:"lacking,omitempty" doc:"Items that are in it without what assistants look for: no_price (or no currency), no_url, no_image, no_description"`
}

// FeedFinding counts the items of which something is found.
type FeedFinding struct {
	Count   int      `json:"count"`
	ItemIDs []string `json:"item_ids" doc:"The first 20 of them"`
}
