package lookup

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/text"
	"github.com/aisle-rec/aisle/similarity-service/internal/vectors"
)

// content is what is known of a shop's items themselves, before anybody has looked at them.
type content struct {
	texts   *text.Index
	vectors *vectors.Index

	mu       sync.Mutex
	learning bool      // translations, in the background
	learnt   time.Time // when that was last begun
}

const (
	// learnAtOnce is up to how many pairs of words translations are learnt from before the next answer: some milliseconds.
	learnAtOnce = 4000
	// learnEvery is how long it takes at least from one learning of more to the next.
	learnEvery = 10 * time.Second
)

// learn brings the dictionary in step with the translations of now: of a small catalogue at once, of a larger one in the background, with
// answers from the dictionary of before until then.
func (c *content) learn(now time.Time) {
	parallel, known := c.texts.Parallel()
	if known {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.learning:
	case parallel.Pairs <= learnAtOnce:
		c.texts.LearnTranslations()
	case now.Sub(c.learnt) >= learnEvery:
		c.learning, c.learnt = true, now
		go func() {
			c.texts.LearnTranslations()
			c.mu.Lock()
			defer c.mu.Unlock()
			c.learning = false
		}()
	}
}

func newContent() *content {
	texts, err := text.NewIndex(text.DefaultOptions())
	if err != nil {
		panic(err) // the default options are constants
	}
	return &content{texts: texts, vectors: vectors.NewIndex()}
}

// changed takes over what describes a family now; nil when nothing of it is left. Archived
// items are forgotten: they are not to be recommended, nor to teach what words mean.
func (c *content) changed(family string, item *profileapi.Item) {
	if item == nil || item.Status == profileapi.ItemArchived {
		c.texts.Delete(family)
		c.vectors.Upsert(family, nil)
		return
	}
	c.texts.Upsert(textOf(family, item))
	c.vectors.Upsert(family, item.Vectors)
}

// textOf is what an item says of a family.
func textOf(family string, item *profileapi.Item) text.Item {
	t := text.Item{
		ID: family, Title: item.Title, Description: item.Description, Category: item.CategoryPath, Brand: item.Brand, Tags: item.Tags,
		Language: item.Language,
	}
	for _, tag := range slices.Sorted(maps.Keys(item.Translations)) {
		translated := item.Translations[tag]
		t.Translations = append(t.Translations, text.Translation{
			Language: tag, Title: translated.Title, Description: translated.Description,
		})
	}
	for _, name := range slices.Sorted(maps.Keys(item.Attributes)) {
		for _, value := range textsOf(item.Attributes[name]) {
			t.Attributes = append(t.Attributes, text.Attribute{Name: name, Value: value})
		}
	}
	return t
}

// textsOf are the texts of an attribute, sorted; numbers and truths are none.
func textsOf(value any) []string {
	var texts []string
	switch value := value.(type) {
	case string:
		texts = []string{value}
	case []any:
		for _, one := range value {
			if t, ok := one.(string); ok {
				texts = append(texts, t)
			}
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// fingerprint changes with the texts and the vectors. Without vectors it is that of the texts.
// The factor, 2⁶⁴ by the golden ratio, keeps equal changes of both from cancelling out.
func (c *content) fingerprint() uint64 {
	return c.texts.Texts() + 0x9e3779b97f4a7c15*c.vectors.Fingerprint()
}

// similar returns at most 2·limit items alike, in no order, and what says so. Where both texts and vectors speak of the item, the score is
// the mean of both.
func (c *content) similar(id string, limit int) ([]text.Neighbour[string], string) {
	byText, byVectors := c.texts.Similar(id, limit), c.vectors.Similar(id, limit)
	if len(byVectors) == 0 {
		return byText, sourceText
	}
	source, weight := sourceBlend, .5
	if len(byText) == 0 {
		source, weight = sourceVectors, 1
	}
	place := make(map[string]int, len(byText))
	for p := range byText {
		byText[p].Score *= weight
		place[byText[p].ID] = p
	}
	for _, n := range byVectors {
		if p, ok := place[n.ID]; ok {
			byText[p].Score += weight * n.Score
		} else {
			byText = append(byText, text.Neighbour[string]{ID: n.ID, Score: weight * n.Score})
		}
	}
	return byText, source
}
