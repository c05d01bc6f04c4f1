package profileapi

import (
	"fmt"
	"math"
	"strings"
)

// CategoryValue returns the value under which a profile's affinities hold a category: the path from the broadest level on, joined by " > ".
// A profile has an affinity for every level of a path.
func CategoryValue(path []string) string { return strings.Join(path, " > ") }

// PriceBand returns the value under which a profile's affinities hold a price: bounds of the series 1, 2, 5, 10, 20 ... in the shop's
// currency, the lower one included ("10-20"); below 1 it is "0-1". A price that is negative or no number is in no band.
func PriceBand(price float64) string {
	if !(price >= 0) || math.IsInf(price, 1) {
		return ""
	}
	if price < 1 {
		return "0-1"
	}
	decade := 1.0
	for price >= decade*10 {
		decade *= 10
	}
	for _, band := range [...][2]float64{{5, 10}, {2, 5}, {1, 2}} {
		if price >= band[0]*decade {
			return fmt.Sprintf("%.0f-%.0f", band[0]*decade, band[1]*decade)
		}
	}
	return ""
}
