package demoshop

import (
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// drawer is a category of the demo: the words of a title that put a product there, and the outline that stands for it on pictures (SVG
// paths of 100 × 100).
type drawer struct {
	name  string
	words []string
	path  string
}

// drawers returns the categories in the order in which they are tried. The data set has none; these are told from words of the titles, for
// the demo only.
func drawers() []drawer {
	return []drawer{
		{
			"Christmas", []string{"CHRISTMAS", "XMAS", "ADVENT", "SANTA", "REINDEER", "SNOW", "NOEL", "BAUBLE", "ANGEL", "STOCKING"},
			"M50 14 70 44H61L77 68H56V84H44V68H23L39 44H30Z",
		},
		{
			"Lights & candles", []string{"T-LIGHT", "CANDLE", "LIGHT", "LANTERN", "LAMP", "INCENSE"},
			"M50 14C62 30 60 38 50 44 40 38 38 30 50 14ZM38 50H62V86H38Z",
		},
		{
			"Bags", []string{"BAG", "SHOPPER", "LUGGAGE", "PURSE", "SATCHEL", "RUCKSACK"},
			"M24 40H76L82 86H18ZM36 40C36 12 64 12 64 40H57C57 22 43 22 43 40Z",
		},
		{
			"Toys & games",
			[]string{
				"TOY", "GAME", "DOLL", "PUZZLE", "SKITTLES", "BALLOON", "SPACEBOY", "PLAYHOUSE", "PARTY", "CHILDS", "CHILDREN", "SOLDIER",
				"CIRCUS", "DOMINO",
			},
			"M50 14A26 26 0 0 1 76 40C76 56 62 66 53 68L56 74H44L47 68C38 66 24 56 24 40A26 26 0 0 1 50 14ZM48 74H52V88H48Z",
		},
		{
			"Stationery & cards",
			[]string{
				"CARD", "PAPER", "PENCIL", " PEN ", "NOTEBOOK", "STICKER", "WRAP", "RIBBON", "BOOK", "TAPE", "CHALK", "STAMP", "LETTER",
				"JOURNAL", "ERASER", "RULER",
			},
			"M26 16H62L76 30V86H26ZM34 40H68V45H34ZM34 54H68V59H34ZM34 68H58V73H34Z",
		},
		{
			"Jewellery",
			[]string{
				"NECKLACE", "BRACELET", "EARRING", "BROOCH", "BEAD", "JEWEL", "HAIR", "RING ", "CRYSTAL", "DIAMANTE", "PENDANT", "CHARM",
			},
			"M34 20H66L80 40 50 84 20 40Z",
		},
		{"Kitchen & dining", []string{"MUG", "CUP", "PLATE", "BOWL", "TEA ", "TEAPOT", "COFFEE", "CAKE", " JAR", " TIN",
			"KITCHEN", "BAKING", "SPOON", "NAPKIN", "APRON", "LUNCH", "BOTTLE", "GLASS", "TRAY",
			" JUG", "EGG", "CUTLERY", "COASTER", "RECIPE", "JAM", "PANTRY", "JELLY", "OVEN", "BREAD", "SAUCER", "SUGAR",
			"MILK", "TOWEL"}, "M22 34H66V62C66 76 58 84 44 84 30 84 22 76 22 62ZM66 42H74A12 12 0 0 1 74 66H65L66 " +
			"58H73A4 4 0 0 0 73 50H66ZM32 14H37V28H32ZM44 14H49V28H44ZM56 14H61V28H56Z"},
		{
			"Garden", []string{"GARDEN", "PLANT", "FLOWER", "BIRD", "WATERING", "HERB", "FERN", "ROSE", "LEAF", "BUTTERFLY", "GROW"},
			"M47 86V56C30 58 20 46 20 28 38 28 48 36 50 50 52 36 62 28 80 28 80 46 70 58 53 56V86Z",
		},
		{
			"Home decoration",
			[]string{
				"HEART", "FRAME", "CLOCK", "SIGN", "MIRROR", "HOOK", "DRAWER", "CUSHION", "DOORMAT", "HANGING", "WREATH", "BUNTING",
				"DECORATION", "CABINET", "HOLDER", "BOX", "STORAGE", "DOOR", "WALL", "CHAIR", "BLOCK", "METAL", "WICKER", "BASKET",
			},
			"M50 84C20 62 16 48 16 38 16 26 26 18 36 18 42 18 47 21 50 26 53 21 58 18 64 18 74 18 84 26 84 38 84 48 80 62 50 84Z",
		},
		{"More", nil, "M50 16 82 32V68L50 84 18 68V32ZM50 24 27 35 50 47 73 35ZM24 41V64L46 75V53ZM76 41 54 53V75L76 64Z"},
	}
}

// categoryOf tells the category of a product from its title: the first drawer that has a word
// of it, else the last one. Blanks around the title let words such as " PEN " stand for
// themselves.
func categoryOf(title string) string {
	all := drawers()
	title = " " + strings.ToUpper(title) + " "
	for _, d := range all {
		for _, word := range d.words {
			if strings.Contains(title, word) {
				return d.name
			}
		}
	}
	return all[len(all)-1].name
}

// Furnish gives items what the shop's pages need and the data set lacks: a category told from
// the title, a picture that is drawn, and a page. base is where the shop is served,
// "http://127.0.0.1:8080". The items are changed in place.
func Furnish(items []profileapi.Item, base string) {
	for n := range items {
		i := &items[n]
		i.CategoryPath = []string{categoryOf(i.Title)}
		i.ImageURL = base + Root + "/picture/" + i.ItemID + ".svg"
		i.URL = base + Root + "/product?id=" + i.ItemID
	}
}
