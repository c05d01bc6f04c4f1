package text

import (
	"bufio"
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

var movies = flag.String("movies", "", "folder of MovieLens 100K as RecBole has it, to measure what attributes bring to neighbours by text")

// TestAttributesBringNeighboursNearerToWhatPeopleLike measures, for every person, how many of the last five films that he liked are among
// the 20 nearest by text of those that he liked before. It needs the data set.
func TestAttributesBringNeighboursNearerToWhatPeopleLike(t *testing.T) {
	t.Parallel()
	if *movies == "" {
		t.Skip("MovieLens may not stand in this repository: -movies FOLDER measures with a copy of one's own")
	}
	liked := histories(t, filepath.Join(*movies, "ml-100k.inter.tsv.zst"))
	var before float64
	for _, weight := range []float64{0, .25, .5, 1, 2, 4} {
		o := DefaultOptions()
		o.Attributes.Weight = weight
		ix := newIndex(t, o)
		for _, row := range table(t, filepath.Join(*movies, "ml-100k.item.tsv.zst")) {
			item := Item{ID: row[0], Title: row[1], Language: "en"}
			for genre := range strings.FieldsSeq(row[3]) {
				item.Attributes = append(item.Attributes, Attribute{"genre", genre})
			}
			item.Attributes = append(item.Attributes, Attribute{"year", row[2]})
			ix.Upsert(item)
		}
		recall := heldOutRecall(ix, liked)
		t.Logf("attributes weigh %4.2f: recall@20 %.4f", weight, recall)
		if weight == 0 {
			before = recall
		} else if recall <= before {
			t.Errorf("attributes that weigh %v bring nothing: %.4f after %.4f", weight, recall, before)
		}
	}
}

func heldOutRecall(ix *Index, histories map[string][]string) float64 {
	const last, k = 5, 20
	var hits, of float64
	for _, films := range histories {
		if len(films) < 2*last {
			continue
		}
		seen, sums := map[string]bool{}, map[string]float64{}
		for _, film := range films[:len(films)-last] {
			seen[film] = true
			for _, n := range ix.Similar(film, 100) {
				sums[n.ID] += n.Score
			}
		}
		var ranked []Neighbour[string]
		for id, sum := range sums {
			if !seen[id] {
				ranked = append(ranked, Neighbour[string]{id, sum})
			}
		}
		slices.SortFunc(ranked, byScore)
		best := ids(ranked[:min(k, len(ranked))])
		for _, film := range films[len(films)-last:] {
			of++
			if slices.Contains(best, film) {
				hits++
			}
		}
	}
	return hits / of
}

// histories are the films that each person gave at least four stars, the oldest first.
func histories(t *testing.T, path string) map[string][]string {
	rows := table(t, path)
	slices.SortStableFunc(rows, func(a, b []string) int { return cmp.Compare(a[3], b[3]) })
	liked := map[string][]string{}
	for _, row := range rows {
		if stars, err := strconv.ParseFloat(row[2], 64); err == nil && stars >= 4 {
			liked[row[0]] = append(liked[row[0]], row[1])
		}
	}
	return liked
}

// table reads the rows of a compressed file with tabs, without its header.
func table(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := zstd.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var rows [][]string
	for lines := bufio.NewScanner(reader); lines.Scan(); {
		rows = append(rows, strings.Split(lines.Text(), "\t"))
	}
	return rows[1:]
}
