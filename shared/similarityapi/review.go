package similarityapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/wire"
)

// ItemReviews is what buyers say of an item, as of the last recompute. Texts and persons are not in it.
type ItemReviews struct {
	ItemID     string          `json:"item_id"`
	AsOf       wire.Time       `json:"as_of,omitempty"`
	Count      int             `json:"count" doc:"Reviews; of several by one visitor the latest counts"`
	Rated      int             `json:"rated" doc:"Those with a rating"`
	MeanRating *float64        `json:"mean_rating,omitempty"`
	RawMean    *float64        `json:"raw_mean,omitempty" doc:"Of the item's own ratings"`
	Ratings    []int           `json:"ratings" doc:"How many have 1 to 5, rounded"`
	Texts      int             `json:"texts" doc:"Those with a text"`
	Unrated    UnratedTexts    `json:"unrated" doc:"What the texts without a rating say"`
	Aspects    []ReviewAspect  `json:"aspects" doc:"What at least two reviews speak of, what sets the item apart first; at most ten"`
	Sentiment  ReviewSentiment `json:"sentiment" doc:"How sentiment was told, for the whole shop"`
}

// UnratedTexts says what texts without a rating say.
type UnratedTexts struct {
	Texts      int `json:"texts"`
	Pleased    int `json:"pleased"`
	Displeased int `json:"displeased" doc:"The others say neither"`
}

// ReviewAspect is something that reviews of an item speak of.
type ReviewAspect struct {
	Term       string `json:"term" doc:"In the form that is written most"`
	Kind       string `json:"kind,omitempty" doc:"Of an entity of the catalogue: brand, or the name of an attribute"`
	Language   string `json:"language,omitempty"`
	Mentions   int    `json:"mentions" doc:"Reviews that speak of it"`
	Pleased    int    `json:"pleased" doc:"Those whose sentence with it is pleased"`
	Displeased int    `json:"displeased"`
}

// Ways to tell sentiment.
const (
	SentimentLearnt   = "learnt"
	SentimentWordList = "word_list"
)

// ReviewSentiment says how sentiment is told in a shop, and how well.
type ReviewSentiment struct {
	Method   string               `json:"method" enum:"learnt,word_list"`
	Learnt   *SentimentEvaluation `json:"learnt,omitempty" doc:"By cross-validation: texts that it was not learnt from"`
	WordList *SentimentEvaluation `json:"word_list,omitempty" doc:"On the same texts"`
}

// SentimentEvaluation says how well sentiment is told where ratings say it.
type SentimentEvaluation struct {
	Texts    int     `json:"texts" doc:"With a rating of at least 4 or at most 2"`
	Pleased  float64 `json:"pleased" doc:"Share of them with at least 4"`
	Accuracy float64 `json:"accuracy" doc:"Share told rightly; always saying the more frequent kind gets max(pleased, 1 − pleased)"`
	AUC      float64 `json:"auc" doc:"Probability that a pleased writer gets a larger value than a displeased one; .5 is chance"`
}

// ItemReviews returns what buyers say of an item.
func (c *Client) ItemReviews(ctx context.Context, itemID string) (ItemReviews, error) {
	return httpclient.JSON[ItemReviews](ctx, c.http, http.MethodGet, "/v1/items/"+url.PathEscape(itemID)+"/reviews", nil, nil)
}
