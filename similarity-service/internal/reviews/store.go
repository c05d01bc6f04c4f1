package reviews

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/blob"
)

const (
	// format is the version of the files: 1 is the first. Files of another are as if there were none, until the next recompute.
	format = 1
	// partItems is about how many items are in one part. An answer reads one part.
	partItems = 500
	// folder is below the shop's.
	folder = "reviews"
)

// head names the parts of the sums that hold now, which it makes known all at once. Generation
// is the time of the Put in milliseconds, base 36. Parts of a generation are not written again;
// the head is replaced last, so that a reader sees either all of the sums of before or all of
// the new ones.
type head struct {
	Format     int                           `json:"format"`
	AsOf       wire.Time                     `json:"as_of"`
	Generation string                        `json:"generation"`
	Parts      int                           `json:"parts"`
	Sentiment  similarityapi.ReviewSentiment `json:"sentiment"`
}

// partOf is the part that holds an item. It goes by a hash, so that an item is found without an
// index; the number of parts is in the head, as it changes with the shop.
func (h *head) partOf(itemID string) int {
	sum := fnv.New32a()
	io.WriteString(sum, itemID) // a hash takes everything
	return int(sum.Sum32() % uint32(h.Parts))
}

// path is where a part is, as in "reviews/mhs2k3p0-7.json" below the folder of the shop.
func (h *head) path(shop string, part int) string {
	return archive.Path(shop, folder, h.Generation+"-"+strconv.Itoa(part)+".json")
}

func headPath(shop string) string { return archive.Path(shop, folder, "head.json") }

// Store keeps sums in a bucket. It is safe for concurrent use, also by several processes.
type Store struct{ Bucket blob.Bucket }

// Put stores the sums of a shop in place of those before. One Put of a shop at a time: it is
// the recompute's, of which a shop has one. After an error the sums of before hold; parts that
// were written already may stay behind.
func (s Store) Put(ctx context.Context, shop string, sums Sums, now time.Time) error {
	before, err := s.head(ctx, shop)
	if err != nil {
		return err
	}
	h := head{
		Format: format, AsOf: wire.TimeOf(now), Generation: strconv.FormatInt(now.UnixMilli(), 36), Parts: 1 + len(sums.Items)/partItems,
		Sentiment: sums.Sentiment,
	}
	parts := make([]map[string]*similarityapi.ItemReviews, h.Parts)
	for n := range parts {
		parts[n] = map[string]*similarityapi.ItemReviews{}
	}
	for id, item := range sums.Items {
		parts[h.partOf(id)][id] = item
	}
	for n, part := range parts {
		if err := s.write(ctx, h.path(shop, n), part); err != nil {
			return err
		}
	}
	if err := s.write(ctx, headPath(shop), h); err != nil {
		return err
	}
	if before != nil && before.Generation != h.Generation {
		for n := range before.Parts {
			if err := s.Bucket.Delete(ctx, before.path(shop, n)); err != nil {
				return fmt.Errorf("remove reviews that were replaced: %w", err)
			}
		}
	}
	return nil
}

// Item returns the sums of an item; ok is false when it has no reviews, or nothing has been summed up yet.
// It reads two files. AsOf and Sentiment are those of all sums of the shop.
func (s Store) Item(ctx context.Context, shop, itemID string) (item similarityapi.ItemReviews, ok bool, err error) {
	for range 2 { // the parts may be replaced between the two reads
		h, err := s.head(ctx, shop)
		if err != nil || h == nil {
			return similarityapi.ItemReviews{}, false, err
		}
		var part map[string]similarityapi.ItemReviews
		err = s.read(ctx, h.path(shop, h.partOf(itemID)), &part)
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		item, ok = part[itemID]
		item.AsOf, item.Sentiment = h.AsOf, h.Sentiment
		return item, ok, err
	}
	return similarityapi.ItemReviews{}, false, nil // a copy of the folder that was made meanwhile may lack them until the next recompute
}

// Exists reports whether a shop has sums.
func (s Store) Exists(ctx context.Context, shop string) (bool, error) {
	h, err := s.head(ctx, shop)
	return h != nil, err
}

// head returns nil when there is none that can be read.
func (s Store) head(ctx context.Context, shop string) (*head, error) {
	h := &head{}
	err := s.read(ctx, headPath(shop), h)
	if errors.Is(err, blob.ErrNotFound) || err == nil && (h.Format != format || h.Parts < 1) {
		return nil, nil
	}
	return h, err
}

func (s Store) write(ctx context.Context, path string, v any) error {
	err := s.Bucket.Put(ctx, path, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
	if err != nil {
		return fmt.Errorf("store %s: %w", path, err)
	}
	return nil
}

// read decodes one file into v; blob.ErrNotFound, when there is none, comes as it is.
func (s Store) read(ctx context.Context, path string, v any) error {
	file, err := s.Bucket.Open(ctx, path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := json.NewDecoder(file).Decode(v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
