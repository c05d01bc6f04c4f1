package table

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fieldsOf pairs a header and writes "column=field" for each column, "column!" for one that is left out.
func fieldsOf(t *testing.T, kind Kind, header string, o PlanOptions) string {
	t.Helper()
	p, err := NewPlan(kind, strings.Split(header, ";"), o)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range p.Columns {
		if c.How == Ignored {
			out = append(out, c.Name+"!")
			continue
		}
		out = append(out, c.Name+"="+c.Field)
	}
	return strings.Join(out, ";")
}

func TestHeaderWordsOfSeveralLanguages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind         Kind
		header, want string
	}{
		{Items, "sku;name;price;qty", "sku=item_id;name=title;price=price;qty=stock.quantity"},
		{Items, "id;sku;ean;stock", "id=item_id;sku=sku;ean=gtin;stock=stock.quantity"},
		{
			Items, "Artikelnummer;Bezeichnung;Warengruppe;Preis;Bestand;Hersteller;Farbe",
			"Artikelnummer=item_id;Bezeichnung=title;Warengruppe=category_path;Preis=price;" +
				"Bestand=stock.quantity;Hersteller=brand;Farbe=attributes.Farbe",
		},
		{
			Items, "Référence;Désignation;Prix TTC;Quantité;Catégorie",
			"Référence=item_id;Désignation=title;Prix TTC=price;Quantité=stock.quantity;Catégorie=category_path",
		},
		{Items, "Referencia;Nombre;Precio;Categorías", "Referencia=item_id;Nombre=title;Precio=price;Categorías=category_path"},
		{
			Items, "id;title;title_de;Titel (fr-be);description:pt_BR;name-xx;name_id;title_de;Hex;",
			"id=item_id;title=title;title_de=translations.de.title;Titel (fr-be)=translations.fr-BE.title;" +
				"description:pt_BR=description;name-xx=attributes.name-xx;" +
				"name_id=attributes.name_id;title_de=attributes.title_de;Hex=attributes.Hex;=attributes.",
		},
		{
			Items, "id;description;description:pt_BR;translations.it.title", "id=item_id;description=description;" +
				"description:pt_BR=translations.pt-BR.description;translations.it.title=translations.it.title",
		},
		{Items, "Codice;Nome;Prezzo;Giacenza", "Codice=item_id;Nome=title;Prezzo=price;Giacenza=stock.quantity"},
		{Items, "Artikelcode;Naam;Prijs;Voorraad", "Artikelcode=item_id;Naam=title;Prijs=price;Voorraad=stock.quantity"},
		{
			Items, "g:id;g:title;Weight (kg);item_id",
			"g:id=attributes.g:id;g:title=title;Weight (kg)=attributes.Weight (kg);item_id=item_id",
		},
		{
			Events, "Kundennummer;Artikelnummer;Menge;Bestelldatum;Bestellnummer;Einzelpreis",
			"Kundennummer=user_id;Artikelnummer=item_id;Menge=quantity;Bestelldatum=occurred_at;Bestellnummer=order_id;Einzelpreis=price",
		},
		{
			Events, "numéro commande;id client;référence;quantité;date",
			"numéro commande=order_id;id client=user_id;référence=item_id;quantité=quantity;date=occurred_at",
		},
		{
			Events, "ID;Reference;Customer;Total;Payment;Status;Date",
			"ID=properties.ID;Reference=order_id;Customer=user_id;Total=properties.Total;Payment=properties.Payment;" +
				"Status=properties.Status;Date=occurred_at",
		},
		{
			Events, "Customer;Product ID;Reference;Payment;Quantity;Date",
			"Customer=user_id;Product ID=item_id;Reference=properties.Reference;Payment=properties.Payment;Quantity=quantity;" +
				"Date=occurred_at",
		},
		{
			Events, "InvoiceNo;StockCode;Description;Quantity;InvoiceDate;UnitPrice;CustomerID;Country",
			"InvoiceNo=order_id;StockCode=item_id;Description=properties.Description;Quantity=quantity;" +
				"InvoiceDate=occurred_at;UnitPrice=price;CustomerID=user_id;Country=properties.Country",
		},
		{
			Interactions, "t_dat;customer_id;article_id;price;sales_channel_id",
			"t_dat=occurred_at;customer_id=user_id;article_id=item_id;price!;sales_channel_id!",
		},
		{Interactions, "user_id;artist_id;listening count", "user_id=user_id;artist_id=item_id;listening count!"},
		{
			Interactions, "user_id:token;item_id:token;timestamp:float",
			"user_id:token=user_id;item_id:token=item_id;timestamp:float=occurred_at",
		},
		{
			Events, "Order Number;Date;Email (Billing);Item #;SKU;Product(s);Quantity (- Refund)",
			"Order Number=order_id;Date=occurred_at;Email (Billing)=user_id;Item #=properties.Item #;SKU=item_id;" +
				"Product(s)=properties.Product(s);Quantity (- Refund)=quantity",
		},
		{
			Events, "Order number;Date created;Contact email;Item;SKU;Qty",
			"Order number=order_id;Date created=occurred_at;Contact email=user_id;Item=properties.Item;SKU=item_id;Qty=quantity",
		},
		{
			Events, "Order ID;Order Currency;SKU", "Order ID=order_id;Order Currency=currency;SKU=item_id",
		},
		{Events, "order_currency;Currency", "order_currency=properties.order_currency;Currency=currency"},
		{Events, "Order Currency Code;Bestelldatum", "Order Currency Code=currency;Bestelldatum=occurred_at"},
		{Events, "Währungscode;Bestellnummer", "Währungscode=currency;Bestellnummer=order_id"},
		{Items, "id;Price currency", "id=item_id;Price currency=currency"},
		{
			Items, "id;parent_id;product_number;name;manufacturer_name;cover_media_url;price_gross",
			"id=item_id;parent_id=parent_id;product_number=sku;name=title;manufacturer_name=brand;" +
				"cover_media_url=image_url;price_gross=price",
		},
		{Items, "product_number;name", "product_number=item_id;name=title"},
		{
			Items, "Product ID;Product Name;Product Code/SKU;Brand Name;Product Description;Product Visible?;Current Stock Level;" +
				"Product Image URL - 1;Product UPC/EAN;Product Weight;attributes.brand",
			"Product ID=item_id;Product Name=title;Product Code/SKU=sku;Brand Name=brand;Product Description=description;" +
				"Product Visible?=published;Current Stock Level=stock.quantity;Product Image URL - 1=image_url;Product UPC/EAN=gtin;" +
				"Product Weight=attributes.Product Weight;attributes.brand=attributes.brand",
		},
		{
			Items, "product-id;display-name;online-flag;archived;On Sale;Sale Price",
			"product-id=item_id;display-name=title;online-flag=published;archived=hidden;On Sale=on_sale;Sale Price=sale_price",
		},
		{
			Events, "order_number;order_date_time;order_customer.customer_id;order_customer.email;line_items.product_number;" +
				"line_items.quantity;line_items.unit_price;order_type;currency.iso_code",
			"order_number=order_id;order_date_time=occurred_at;order_customer.customer_id=user_id;" +
				"order_customer.email=properties.order_customer.email;line_items.product_number=item_id;line_items.quantity=quantity;" +
				"line_items.unit_price=price;order_type=properties.order_type;currency.iso_code=currency",
		},
		{
			Events, "order_id/name;order_id/date_order;order_partner_id/id;product_id/default_code;product_uom_qty;price_unit",
			"order_id/name=order_id;order_id/date_order=occurred_at;order_partner_id/id=user_id;product_id/default_code=item_id;" +
				"product_uom_qty=quantity;price_unit=price",
		},
		{
			Events, "Document No.;Posting Date;Sell-to Customer No.;Unit Price Excl. VAT;Unit Price Incl. VAT",
			"Document No.=order_id;Posting Date=occurred_at;Sell-to Customer No.=user_id;" +
				"Unit Price Excl. VAT=properties.Unit Price Excl. VAT;Unit Price Incl. VAT=price",
		},
		{Items, "seller-sku;product-id;product-id-type;price",
			"seller-sku=item_id;product-id=attributes.product-id;product-id-type=attributes.product-id-type;price=price"},
		{
			Items, "System ID;UPC;Custom SKU;Item;Qty.;Price",
			"System ID=attributes.System ID;UPC=gtin;Custom SKU=item_id;Item=title;Qty.=stock.quantity;Price=price",
		},
		{Items, "item;price", "item=item_id;price=price"},
		{
			Events, "order_id;order_item_id;Position",
			"order_id=order_id;order_item_id=properties.order_item_id;Position=properties.Position",
		},
		{
			Events, "item_id;recommendation_id;position", "item_id=item_id;recommendation_id=recommendation_id;position=position",
		},
		{Events, "belegnr;Auftragsdatum;kundennr", "belegnr=order_id;Auftragsdatum=occurred_at;kundennr=user_id"},
		{Users, "customer id;tier", "customer id=user_id;tier=attributes.tier"},
	} {
		if diff := cmp.Diff(c.want, fieldsOf(t, c.kind, c.header, PlanOptions{})); diff != "" {
			t.Errorf("%s: %s", c.kind, diff)
		}
	}
}

func TestOptionsComeBeforeHeaderWords(t *testing.T) {
	t.Parallel()
	o := PlanOptions{
		Mapping: map[string]string{"Number": "item_id", "id": "attributes.internal", "Cat": "category"}, Ignore: []string{"notes"},
	}
	if got, want := fieldsOf(
		t, Items, "id;Number;Cat;Notes", o,
	), "id=attributes.internal;Number=item_id;Cat=category_path;Notes!"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, c := range []struct {
		o    PlanOptions
		want string
	}{
		{PlanOptions{Mapping: map[string]string{"sku": "item_id"}}, "the column \"sku\", which the file does not have"},
		{PlanOptions{Mapping: map[string]string{"id": "sk"}}, "no field of items"},
		{PlanOptions{Mapping: map[string]string{"id": "translations.de"}}, "no field of items"},
		{PlanOptions{Ignore: []string{"nothing"}}, "to ignore is not in the file"},
		{PlanOptions{Set: map[string]string{"colour": "x"}}, "set names"},
		{PlanOptions{MapValues: map[string]map[string]string{"x": nil}}, "map_values names"},
		{PlanOptions{Timezone: "Mars/Base"}, "IANA"},
		{PlanOptions{Decimal: ";"}, "decimal is"},
		{PlanOptions{DateFormat: "noon"}, "date format"},
	} {
		if _, err := NewPlan(Items, []string{"id"}, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestTheKindIsToldByTheFieldsThatAreNamed(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]Kind{
		"type": Events, "user_id;properties.x": Events, "title": Items, "segments": Users, "user_id": "", "item_id;currency": "",
		"title;type": "", "nothing": "", "category": Items,
	} {
		if got, ok := KindWith(strings.Split(fields, ";")); got != want || ok != (want != "") {
			t.Errorf("%s is %q, %t; want %q", fields, got, ok, want)
		}
	}
	if got, ok := KindWith(nil); ok {
		t.Errorf("no field is %q", got)
	}
}

func TestTheKindIsToldOnlyWhenItIsCertain(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]Kind{
		"id;title;price": Items, "Handle;Title;Variant Price": Items, "order_id;customer;sku;product name;qty;date": Events,
		"Name;Email;Created at;Lineitem quantity;Lineitem name": Events, "user_id;segments": Users, "a;b": "",
		"timestamp;visitorid;event;itemid": Events, "amazon-order-id;purchase-date;product-name;sku;item-status;quantity": Events,
		"sku;title;price;order;quantity": Items, "Sale Date;Item Name;Buyer;Quantity;Price;Transaction ID;Listing ID;Order ID;SKU": Events,
		"Order Number;Buyer Email;Item Title;Quantity;Sold For": "", "Sale ID;Date;Customer;Custom SKU;Quantity;Total": Events,
		"sku;Item Name;Quantity;Order ID": "", "customer_id;email;date_created;total_spent": Users, "email;Quantity;Amount": "",
		"id;Created date (UTC);Amount;Currency;Status;Customer ID": "", "Kunde;Datum;Betrag": "",
		"id;Created (UTC);Amount;Customer Email": "", "Kunde;Zahlungsdatum;Betrag": "", "customer_id;created at;Total": "",
		"ID;Reference;Customer;Total;Payment;Status;Date": "", "user_pseudo_id;event_name;event_timestamp": Events,
		"title;body;rating;review_date;reviewer_name;product_id": "", "id;title;price;review_count": Items,
		"idVisit;visitorId;actionDetails": Events, "order_id;user_id;order_dow": "",
		"Order ID;Customer ID;Order Date;Total;Product Details":              Events,
		"Order Number;Order Date;Product Item 1 SKU;Product Item 1 Quantity": Events, "Products;Order Number": "",
	} {
		got, ok := KindOf(strings.Split(header, ";"))
		if got != want || ok != (want != "") {
			t.Errorf("%s is %q, %t; want %q", header, got, ok, want)
		}
	}
}
