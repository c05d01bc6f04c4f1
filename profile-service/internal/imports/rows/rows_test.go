package rows

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// now is when the tests take place.
var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// rowsOf reads a file and writes each row as its object, or "! column: message", with the codes of its warnings behind it.
func rowsOf(t testing.TB, spec profileapi.ImportSpec, file string) ([]string, error) {
	t.Helper()
	r, err := Open(t.Context(), spec, strings.NewReader(file), now)
	if err != nil {
		r.Close()
		return nil, err
	}
	defer r.Close()
	var out []string
	one, err := r.Next()
	for ; err == nil; one, err = r.Next() {
		text := string(one.Object)
		if one.Bad != nil {
			text = "! " + one.Bad.Column + ": " + one.Bad.Message
		}
		codes := []string{}
		for _, w := range one.Warnings {
			codes = append(codes, w.Code)
		}
		slices.Sort(codes)
		out = append(out, strings.TrimSpace(text+" "+strings.Join(codes, " ")))
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return out, err
}

func TestRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec profileapi.ImportSpec
		file string
		want []string
	}{
		"members of JSON objects": {profileapi.ImportSpec{Kind: "items"},
			`{"id":7,"name":"A &amp; B","category":["Home","Mugs"],"price":"1.299,00 EUR","stock":3,"tags":["x, y"],` +
				`"colour":["red"],"size":{"a":{"b":1}},"version":3}`,
			[]string{
				`{"attributes":{"colour":["red"],"size":"{\"a\":{\"b\":1}}"},"category_path":["Home","Mugs"],` +
					`"currency":"EUR","item_id":"7","price":1299,"stock":{"quantity":3,"status":"in_stock"},` +
					`"tags":["x, y"],"title":"A & B"}`,
			}},
		"titles in several languages": {profileapi.ImportSpec{Kind: "items"},
			"sku,name,name_de,beschreibung_de,name_fr\nt1,Tea  pot,Tee &amp;  Kanne,<p>Rot</p>,\n",
			[]string{
				`{"item_id":"t1","title":"Tea pot","translations":{"de":{"description":"<p>Rot</p>","title":"Tee & Kanne"}}}`,
			}},
		"translations as the API takes them": {profileapi.ImportSpec{Kind: "items"},
			`{"item_id":"a","translations":{"de":{"title":"Kanne"}}}`, []string{`{"item_id":"a","translations":{"de":{"title":"Kanne"}}}`}},
		"an item as the API takes it": {profileapi.ImportSpec{Kind: "items"},
			`{"item_id":"a","stock":{"status":"preorder"},"attributes":{"n":1.299},"aliases":["b"],` +
				`"published_at":"2026-01-01T00:00:00Z","prices":[{"currency":"GBP","price":1}]}`,
			[]string{
				`{"aliases":["b"],"attributes":{"n":1.299},"item_id":"a","prices":[{"currency":"GBP","price":1}],` +
					`"published_at":"2026-01-01T00:00:00.000Z","stock":{"status":"preorder"}}`,
			}},
		"vectors in JSON": {
			profileapi.ImportSpec{Kind: "items"}, `{"item_id":"a","vectors":{"picture":[0.5,-1]}}`,
			[]string{`{"item_id":"a","vectors":{"picture":[0.5,-1]}}`},
		},
		"vectors in a column": {profileapi.ImportSpec{Kind: "items"}, "id;vectors\na;{\"picture\":[0.5,-1]}\nb;none\n", []string{
			`{"item_id":"a","vectors":{"picture":[0.5,-1]}}`, "! vectors: The value is not JSON."}},
		"objects whose members are mapped": {profileapi.ImportSpec{
			Kind: "events", Mapping: map[string]string{"what": "item_id", "x": "properties.x"}, Set: map[string]string{"type": "view_item"},
		},
			`{"what":5,"x":1,"user_id":"u","properties":{"a":{"b":1}}}`, []string{
				`{"properties":{"a":{"b":1},"x":1},"type":"view_item","user_id":"u","item_id":"5"}`,
			}},
		"a list of JSON objects": {
			profileapi.ImportSpec{Kind: "users"}, `[{"user_id":"u","tier":"gold","attributes":{"age":3}}]`,
			[]string{`{"attributes":{"age":3,"tier":"gold"},"user_id":"u"}`},
		},
		"several categories": {
			profileapi.ImportSpec{Kind: "items"}, "id;categories\n1;Sale, Home > Mugs > Big, Home\n",
			[]string{`{"attributes":{"categories":["Sale"]},"category_path":["Home","Mugs","Big"],"item_id":"1"}`},
		},
		"one category with a comma": {
			profileapi.ImportSpec{Kind: "items"}, "id;category\n1;Home, Garden\n",
			[]string{`{"category_path":["Home, Garden"],"item_id":"1"}`},
		},
		"sales": {profileapi.ImportSpec{Kind: "items"},
			"id;price;sale_price;sale_price_effective_date\n1;9;5;2026-11-01/2026-11-28\n" +
				"2;9;5;2026-12-01/2026-12-31\n3;9;12;\n4;9;5;soon\n", []string{
				`{"attributes":{"sale_price_effective_date":"2026-11-01/2026-11-28"},"item_id":"1","price":9,"sale_price":5}`,
				`{"attributes":{"sale_price_effective_date":"2026-12-01/2026-12-31"},"item_id":"2","price":9} sale_not_begun`,
				`{"item_id":"3","price":9} sale_price_higher`, `{"item_id":"4","price":9,"sale_price":5} invalid_time`}},
		"a preorder that is sold now and sent later": {profileapi.ImportSpec{Kind: "items"},
			"id,availability,availability_date,available_from\n1,preorder,2026-12-24T10:00+0100,\n2,in stock,,2026-12-24\n",
			[]string{
				`{"attributes":{"availability_date":"2026-12-24T10:00+0100"},"item_id":"1","stock":{"status":"preorder"}}`,
				`{"item_id":"2","published_at":"2026-12-24T00:00:00.000Z","stock":{"status":"in_stock"}}`,
			}},
		"a number of Google's beside a category of the shop": {profileapi.ImportSpec{Kind: "items"},
			"id,google_product_category,product_type\n1,212,Shirts\n2,212,\n", []string{
				`{"attributes":{"google_product_category":"212"},"category_path":["Shirts"],"item_id":"1"}`,
				`{"attributes":{"google_product_category":"212"},"item_id":"2"} numeric_category`}},
		"products of Magento": {profileapi.ImportSpec{Kind: "items"},
			"sku,store_view_code,attribute_set_code,product_type,categories,name,product_online,price,special_price," +
				"special_price_to_date\n" +
				"T,,Top,simple,\"Default Category/Men,Default Category/Men/Tees\",Tee,1,20,15,11/20/26\n" +
				"T,de,Top,simple,,Hemd,,,,\nM,,Top,simple,Default Category,Mug,2,9,,\n", []string{
				`{"attributes":{"attribute_set_code":"Top","product_type":"simple"},"category_path":["Men","Tees"],` +
					`"item_id":"T","price":20,"status":"active","title":"Tee"} sale_over`,
				`{"attributes":{"attribute_set_code":"Top","product_type":"simple"},` +
					`"item_id":"M","price":9,"status":"hidden","title":"Mug"}`}},
		"hidden products, sales that do not hold and words of stock": {profileapi.ImportSpec{Kind: "items"},
			"Product ID;Price;Sale Price;On Sale;Stock;Visible;Archived\n1;20;0.00;;Unlimited;Yes;N\n" +
				"2;20;15;No;InStock;No;\n3;20;15;Yes;0;Y;Y\n",
			[]string{
				`{"item_id":"1","price":20,"status":"active","stock":{"status":"in_stock"}}`,
				`{"item_id":"2","price":20,"status":"hidden","stock":{"status":"in_stock"}}`,
				`{"item_id":"3","price":20,"sale_price":15,"status":"hidden","stock":{"quantity":0,"status":"out_of_stock"}}`,
			}},
		"lists of paths, texts and pictures in JSON": {profileapi.ImportSpec{Kind: "items"},
			`{"parent_asin":"1","title":"Skirt","description":["Red","New"],"categories":[["Sports","Dance"],["Sale"]],` +
				`"images":[{"thumb":"https://img.example/t.jpg","large":"https://img.example/l.jpg","hi_res":null}]}` + "\n" +
				`{"parent_asin":"2","title":"Cap","description":[],"categories":[],"images":[]}`,
			[]string{
				`{"attributes":{"categories":["Sale"]},"category_path":["Sports","Dance"],"description":"Red\nNew",` +
					`"image_url":"https://img.example/l.jpg","item_id":"1","title":"Skirt"}`,
				`{"item_id":"2","title":"Cap"}`,
			}},
		"what came back with a minus": {profileapi.ImportSpec{Kind: "events"},
			"event,user,order,sku,qty,price\nrefund,u,1,T,-2,-5.00\npurchase,u,1,T,-1,5.00\n", []string{
				`{"order_id":"1","type":"refund","user_id":"u","items":[{"item_id":"T","price":5,"quantity":2}]}`,
				`{"order_id":"1","type":"purchase","user_id":"u","items":[{"item_id":"T","price":5,"quantity":-1}]}`}},
		"orders of a marketplace with customers": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"order-id\torder-item-id\tbuyer-email\tsku\tquantity-purchased\titem-price\n1\t9\ta@b\tT\t2\t40.00\n", []string{
				`{"order_id":"1","properties":{"order-item-id":"9"},"type":"purchase","user_id":"a@b",` +
					`"items":[{"item_id":"T","quantity":2}]}`}},
		"variants that stand behind their product, by a column of what a row is": {profileapi.ImportSpec{Kind: "items"},
			"Item Type,Product ID,Product Name,Product Code/SKU,Price,Cost Price,Current Stock Level,Category\n" +
				"Product,7,Mug,MUG,9.50,0.00,5,Kitchen/Mugs;Sale\n  SKU,,[S]Size=Small,MUG-S,,,5,\n  SKU,,[S]Size=Large,MUG-L,,,0,\n",
			[]string{
				`{"aliases":["MUG"],"attributes":{"Item Type":"Product","categories":["Sale"]},"category_path":["Kitchen/Mugs"],` +
					`"item_id":"7","price":9.5,"stock":{"quantity":5,"status":"in_stock"},"title":"Mug"}`,
				`{"attributes":{"Item Type":"SKU","Product Name":"[S]Size=Small","categories":["Sale"]},"category_path":["Kitchen/Mugs"],` +
					`"item_id":"MUG-S","parent_id":"7","price":9.5,"stock":{"quantity":5,"status":"in_stock"},"title":"Mug"}`,
				`{"attributes":{"Item Type":"SKU","Product Name":"[S]Size=Large","categories":["Sale"]},"category_path":["Kitchen/Mugs"],` +
					`"item_id":"MUG-L","parent_id":"7","price":9.5,"stock":{"quantity":0,"status":"out_of_stock"},"title":"Mug"}`,
			}},
		"objects with ids of variants": {profileapi.ImportSpec{Kind: "items"},
			`{"variant_id":"v1","product_id":"1","title":"Tee","price":5}` + "\n" + `{"variant_id":"v2","product_id":"1"}`, []string{
				`{"attributes":{"variant_id":"v1"},"item_id":"1","price":5,"title":"Tee"}`,
				`{"attributes":{"variant_id":"v2"},"item_id":"1"}`}},
		"variants that begin in the row of their product": {profileapi.ImportSpec{Kind: "items"},
			"Product ID [Non Editable],Variant ID [Non Editable],Title,SKU,Price,Stock,Categories,Visible\n" +
				"p1,v1,Tee,TEE-S,20.00,3,\"/clothing/tees, /sale\",No\n,v2,,TEE-M,21.00,Unlimited,,\n",
			[]string{
				`{"aliases":["TEE-S"],"attributes":{"Variant ID [Non Editable]":"v1","categories":["sale"]},` +
					`"category_path":["clothing","tees"],"item_id":"v1","parent_id":"p1","price":20,"status":"hidden",` +
					`"stock":{"quantity":3,"status":"in_stock"},"title":"Tee"}`,
				`{"aliases":["TEE-M"],"attributes":{"Variant ID [Non Editable]":"v2","categories":["sale"]},` +
					`"category_path":["clothing","tees"],"item_id":"v2","parent_id":"p1","price":21,"status":"hidden",` +
					`"stock":{"status":"in_stock"},"title":"Tee"}`,
			}},
		"variants with prices of their own, or what they cost more": {profileapi.ImportSpec{Kind: "items"},
			"handleId,fieldType,name,sku,price,surcharge,inventory,product_variation_price\n" +
				"h1,Product,Tee,T,20,,InStock,\nh1,Variant,,T-S,,2.5,3,\nh1,Variant,,T-M,,0,0,18\nh2,Product,Cap,C,12,,OutOfStock,\n",
			[]string{
				`{"aliases":["T"],"attributes":{"fieldType":"Product"},"item_id":"h1","price":20,` +
					`"stock":{"status":"in_stock"},"title":"Tee"}`,
				`{"attributes":{"fieldType":"Variant","surcharge":"2.5"},"item_id":"T-S","parent_id":"h1","price":22.5,` +
					`"stock":{"quantity":3,"status":"in_stock"},"title":"Tee"}`,
				`{"attributes":{"fieldType":"Variant","product_variation_price":"18","surcharge":"0"},"item_id":"T-M","parent_id":"h1",` +
					`"price":18,"stock":{"quantity":0,"status":"out_of_stock"},"title":"Tee"}`,
				`{"aliases":["C"],"attributes":{"fieldType":"Product"},"item_id":"h2","price":12,` +
					`"stock":{"status":"out_of_stock"},"title":"Cap"}`,
			}},
		"lines that were voided": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"Order Id,Item Id,Void?\n1,T,FALSE\n1,S,TRUE\n", []string{
				`{"order_id":"1","properties":{"Void?":"FALSE"},"type":"purchase","item_id":"T","session_id":"order 1"} no_customer`,
				`! Void?: The order was cancelled: it is no purchase. ` +
					`If the word means something else here, pass --ignore 'Void?'. no_customer`}},
		"an order whose state is that of a machine": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"order_number,user,sku,state_machine_state.technical_name,ship-state\n1,u,T,cancelled,\n2,u,T,completed,failed\n", []string{
				`! state_machine_state.technical_name: The order was cancelled: it is no purchase. ` +
					`If the word means something else here, pass --ignore 'state_machine_state.technical_name'.`,
				`{"order_id":"2","properties":{"ship-state":"failed","state_machine_state.technical_name":"completed"},` +
					`"type":"purchase","user_id":"u","item_id":"T"}`}},
		"a list of prices with sections and a total": {profileapi.ImportSpec{Kind: "items"},
			"Art.-Nr.;Bezeichnung;VK-Preis;Bestand\nTextilien;;;\n0815;Hemd;19,99 €;Nicht lieferbar\n" +
				"Gesamt;;19,99;0\nSumme;Summe;5,00;\n", []string{
				`! Art.-Nr.: The row says nothing but this: it is taken for the name of a section of the table, and for no item.`,
				`{"currency":"EUR","item_id":"0815","price":19.99,"stock":{"status":"out_of_stock"},"title":"Hemd"}`,
				`! Art.-Nr.: The row is the total of those above it.`,
				`{"item_id":"Summe","price":5,"title":"Summe"}`}},
		"orders with a total": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"Artikel;Kunde;Datum;Menge\nHemd;7;46346;2\nTotal;;;2\n", []string{
				`{"occurred_at":"2026-11-20T00:00:00.000Z","type":"purchase","user_id":"7","items":[{"item_id":"Hemd","quantity":2}]}`,
				`! Artikel: The row is the total of those above it.`}},
		"variants of Magento that only their product names": {profileapi.ImportSpec{Kind: "items"},
			"sku,attribute_set_code,product_type,categories,name,price,configurable_variations\nT-S,Top,simple,,Tee S,20,\n" +
				"T-M,Top,simple,,Tee M,21,\nT,Top,configurable,,Tee,,\"sku=T-S,size=S|sku=T-M,size=M\"\n", []string{
				`{"attributes":{"attribute_set_code":"Top","product_type":"simple"},"item_id":"T-S",` +
					`"parent_id":"T","price":20,"title":"Tee S"}`,
				`{"attributes":{"attribute_set_code":"Top","product_type":"simple"},"item_id":"T-M",` +
					`"parent_id":"T","price":21,"title":"Tee M"}`,
				`{"attributes":{"attribute_set_code":"Top","configurable_variations":"sku=T-S,size=S|sku=T-M,size=M",` +
					`"product_type":"configurable"},"item_id":"T","price":20,"stock":{"status":"in_stock"},"title":"Tee"}`}},
		"visits of Matomo": {profileapi.ImportSpec{Kind: "events"},
			`[{"idVisit":"9","visitorId":"7f","userId":null,"actionDetails":[` +
				`{"type":"action","url":"https://shop.example/","timestamp":1795183300},` +
				`{"type":"action","url":"https://shop.example/tee","timestamp":1795183400,"productViewSku":"T"},` +
				`{"type":"search","siteSearchKeyword":"tee","timestamp":1795183401},` +
				`{"type":"ecommerceOrder","orderId":"O1","revenue":"40","timestamp":1795183511,` +
				`"itemDetails":[{"itemSKU":"T","itemName":"Tee","quantity":2,"price":20}]}]},` +
				`{"visitorId":"8a","actionDetails":[]}]`, []string{
				`{"item_id":"T","occurred_at":1795183400,"page":"https://shop.example/tee","session_id":"7f","type":"view_item"}`,
				`{"occurred_at":1795183401,"properties":{"search_term":"tee"},"session_id":"7f","type":"search"}`,
				`{"items":[{"item_id":"T","price":20,"quantity":2}],"occurred_at":1795183511,"order_id":"O1","session_id":"7f",` +
					`"type":"purchase","value":"40"}`}},
		"numbers as spreadsheets write them to keep their form": {profileapi.ImportSpec{Kind: "users"},
			"Customer ID,note\n'1001,'tis\n=\"0042\",\"=\"\"7\"\"\"\n", []string{
				`{"attributes":{"note":"'tis"},"user_id":"1001"}`, `{"attributes":{"note":"7"},"user_id":"0042"}`}},
		"prices before and after tax": {profileapi.ImportSpec{Kind: "items"},
			"Product ID;Price (tax excl.);Price (tax incl.)\n1;10,42 €;12,50 €\n", []string{
				`{"attributes":{"Price (tax excl.)":"10,42 €"},"currency":"EUR","item_id":"1","price":12.5}`}},
		"a number that may be thousands": {
			profileapi.ImportSpec{Kind: "items"}, "id;price\n1;1.299\n2;19,99\n",
			[]string{`{"item_id":"1","price":1299}`, `{"item_id":"2","price":19.99}`},
		},
		"an odd optional field": {
			profileapi.ImportSpec{Kind: "items"}, "id,ean,currency,country\n1,12,pounds,Germany|AT\n",
			[]string{`{"aliases":["12"],"countries":["AT"],"item_id":"1"} out_of_range unknown_word unknown_word`},
		},
		"a day that may be a month": {profileapi.ImportSpec{
			Kind: "events", Set: map[string]string{"type": "purchase"},
		}, "user_id,sku,date\nu,i,01/02/2026\nu,i,31/01/2026\nu,i,\n", []string{
			`{"occurred_at":"2026-02-01T00:00:00.000Z","type":"purchase","user_id":"u","item_id":"i"}`,
			`{"occurred_at":"2026-01-31T00:00:00.000Z","type":"purchase","user_id":"u","item_id":"i"}`,
			`{"type":"purchase","user_id":"u","item_id":"i"} no_time`}},
		"lines of Magento's orders": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"increment_id,created_at,status,customer_id,customer_email,item_id,parent_item_id,sku,qty_ordered,price\n" +
				"9,2026-11-20 12:00:00,complete,17,a@b,1,,TEE-M,2.0000,9.5000\n" +
				"9,2026-11-20 12:00:00,complete,17,a@b,2,1,TEE-M,2.0000,0.0000\n" +
				"10,2026-11-20 12:00:00,canceled,17,a@b,3,,TEE-M,2.0000,9.5000\n" +
				"11,2026-11-20 12:00:00,refunded,,g@b,4,,CAP,1.0000,9.5000\n", []string{
				`{"occurred_at":"2026-11-20T12:00:00.000Z","order_id":"9",` +
					`"properties":{"item_id":"1","status":"complete"},` +
					`"type":"purchase","user_id":"17","items":[{"item_id":"TEE-M","price":9.5,"quantity":2}]}`,
				`! status: The order was cancelled: it is no purchase. If the word means something else here, pass --ignore 'status'.`,
				`{"occurred_at":"2026-11-20T12:00:00.000Z","order_id":"11",` +
					`"properties":{"item_id":"4","status":"refunded"},` +
					`"type":"purchase","items":[{"item_id":"CAP","price":9.5,"quantity":1}],"user_id":"g@b"} order_refunded`}},
		"orders of a marketplace, without customers": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"amazon-order-id\tpurchase-date\tsku\titem-status\tquantity\titem-price\n" +
				"302-1\t2026-11-20T12:00:00-08:00\tTEE-M\tShipped\t2\t19.00\n" +
				"302-2\t2026-11-20T12:00:00+09:00\tTEE-M\tCancelled\t0\t\n", []string{
				`{"occurred_at":"2026-11-20T20:00:00.000Z","order_id":"302-1","properties":{"item-status":"Shipped"},` +
					`"type":"purchase","items":[{"item_id":"TEE-M","quantity":2}],"session_id":"order 302-1"} no_customer`,
				`! item-status: The order was cancelled: it is no purchase. ` +
					`If the word means something else here, pass --ignore 'item-status'. no_customer`}},
		"guests whose customer is written as 0 or NULL": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"order_id,order_date,customer_id,customer_email,sku\n1,2026-11-20,0,a@b,T\n2,2026-11-20,NULL,0,T\n,2026-11-20,0,,T\n", []string{
				`{"occurred_at":"2026-11-20T00:00:00.000Z","order_id":"1",` +
					`"type":"purchase","item_id":"T","user_id":"a@b"}`,
				`{"occurred_at":"2026-11-20T00:00:00.000Z","order_id":"2",` +
					`"type":"purchase","item_id":"T","session_id":"order 2"} no_customer`,
				`{"occurred_at":"2026-11-20T00:00:00.000Z","type":"purchase","user_id":"0","item_id":"T"}`}},
		"a Shopify order that was cancelled after it was paid": {profileapi.ImportSpec{Kind: "events"},
			"Name,Email,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at\n" +
				"#1,x@y,paid,2026-11-20 12:13:10 +0100,1,Cap,25.00,C,2026-11-21 12:13:10 +0100\n#1,,,,1,Tee,5.00,T,\n" +
				"#2,x@y,paid,2026-11-20 12:13:10 +0100,1,Cap,25.00,C,\n", []string{
				`! Cancelled at: The order was cancelled: it is no purchase.`,
				`! Cancelled at: The order was cancelled: it is no purchase.`,
				`{"items":[{"item_id":"C","price":25,"quantity":1}],"occurred_at":"2026-11-20T11:13:10.000Z",` +
					`"order_id":"#2","type":"purchase","user_id":"x@y"}`}},
		"orders that were cancelled, by the time or by WooCommerce's own word": {
			profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"order_id,email,sku,canceled_at,Payment status\n1,u,T,2026-11-20,paid\n2,u,T,0000-00-00,wc-cancelled\n" +
				"3,u,T,NULL,paid\n", []string{
				`! canceled_at: The order was cancelled: it is no purchase. ` +
					`If the time means something else here, pass --ignore 'canceled_at'.`,
				`! Payment status: The order was cancelled: it is no purchase. ` +
					`If the word means something else here, pass --ignore 'Payment status'.`,
				`{"order_id":"3","properties":{"Payment status":"paid","canceled_at":"NULL"},` +
					`"type":"purchase","user_id":"u","item_id":"T"}`}},
		"an order whose first line alone says who and when": {
			profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"Order ID,Email,Financial Status,Currency,Created at,Lineitem sku,Lineitem variant\n" +
				"1,a@b,PAID,USD,2026-11-20 12:00:00 -0500,T,\n1,,,,,S,M\n2,,,,,S,\n3,c@d,VOIDED,USD,2026-11-20,T,\n3,,,,,S\n", []string{
				`{"currency":"USD","occurred_at":"2026-11-20T17:00:00.000Z","order_id":"1","properties":{"Financial Status":"PAID"},` +
					`"type":"purchase","user_id":"a@b","item_id":"T"}`,
				`{"currency":"USD","occurred_at":"2026-11-20T17:00:00.000Z","order_id":"1",` +
					`"properties":{"Financial Status":"PAID","Lineitem variant":"M"},"type":"purchase","user_id":"a@b","item_id":"S"}`,
				`{"order_id":"2","type":"purchase","item_id":"S","session_id":"order 2"} no_customer no_time`,
				`! Financial Status: The order was cancelled: it is no purchase. ` +
					`If the word means something else here, pass --ignore 'Financial Status'.`,
				`! Financial Status: The order was cancelled: it is no purchase. ` +
					`If the word means something else here, pass --ignore 'Financial Status'.`}},
		"a line without a SKU is named by its item": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"order_id,user,item,sku,quantity\n1,u,Mug,M,2\n1,u,Mug,,2\n", []string{
				`{"order_id":"1","properties":{"item":"Mug"},"type":"purchase","user_id":"u","items":[{"item_id":"M","quantity":2}]}`,
				`{"order_id":"1","properties":{"item":"Mug"},"type":"purchase","user_id":"u",` +
					`"items":[{"item_id":"Mug","quantity":2}]} no_sku`}},
		"a day and a time of day apart": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"user,sku,Date,Time\nu,a,01/02/2026,9:05\nu,b,31/01/2026,12:13:10 PM\nu,c,2026-01-31 00:00:00,12:13\nu,d,,12:13\n", []string{
				`{"occurred_at":"2026-02-01T09:05:00.000Z","properties":{"Date":"01/02/2026"},` +
					`"type":"purchase","user_id":"u","item_id":"a"}`,
				`{"occurred_at":"2026-01-31T12:13:10.000Z","properties":{"Date":"31/01/2026"},` +
					`"type":"purchase","user_id":"u","item_id":"b"}`,
				`{"occurred_at":"2026-01-31T12:13:00.000Z","properties":{"Date":"2026-01-31 00:00:00"},` +
					`"type":"purchase","user_id":"u","item_id":"c"}`,
				`! Time: The value is not a time such as 2026-01-31T12:00:00Z, 2026-01-31 12:00:00 or 31.01.2026. ` +
					`Say its form with --date-format (date_format in the API).`}},
		"an epoch beside a time of day": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"user,sku,timestamp,time\nu,a,1795000000,12:13\n", []string{
				`{"occurred_at":"2026-11-18T11:06:40.000Z","properties":{"time":"12:13"},"type":"purchase","user_id":"u","item_id":"a"}`,
			}},
		"a day, and beside it a time of day": {profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"user,sku,Order Date,Order Time\nu,a,\"Nov 20, 2026\",3:04 PM\n", []string{
				`{"occurred_at":"2026-11-20T15:04:00.000Z","properties":{"Order Time":"3:04 PM"},` +
					`"type":"purchase","user_id":"u","item_id":"a"}`,
			}},
		"an order whose further lines name its customer in another column only": {
			profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}},
			"Order Number,Buyer Username,Buyer Email,sku\n1,bob,b@x,T\n1,bob,,S\n1,ann,,S\n", []string{
				`{"order_id":"1","properties":{"Buyer Username":"bob"},"type":"purchase","user_id":"b@x","item_id":"T"}`,
				`{"order_id":"1","properties":{"Buyer Username":"bob"},"type":"purchase","user_id":"b@x","item_id":"S"}`,
				`{"order_id":"1","properties":{"Buyer Username":"ann"},"type":"purchase","item_id":"S","user_id":"ann"}`}},
		"an order without a customer and a SKU": {profileapi.ImportSpec{Kind: "events"}, "Name,Email,Financial " +
			"Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n" +
			"#1,,paid,2026-11-20 12:13:10 +0100,1,Cap,25.00,\n#2,x@y,voided,2026-11-20 12:13:10 " +
			"+0100,1,Cap,25.00,C\n#3,x@y,refunded,2026-11-20 12:13:10 +0100,1.5.0,Cap,25.00,C\n", []string{
			`{"items":[{"item_id":"Cap","price":25,"quantity":1}],"occurred_at":"2026-11-20T11:13:10.000Z",` +
				`"order_id":"#1","session_id":"order #1","type":"purchase"} no_customer no_sku`,
			`! Financial Status: The order was cancelled before it was paid: it is no purchase.`,
			`! Lineitem quantity: The value is not a number such as 12.50. order_refunded`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := rowsOf(t, c.spec, c.file)
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v: %s", err, diff)
			}
		})
	}
}
