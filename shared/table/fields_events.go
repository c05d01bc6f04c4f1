package table

// customerWords are header words of the visitor.
const customerWords = `user, userid, customer id, customer, customer no, customer number, visitor id, visitor, uid,
	client id, client, member id, member, buyer id, reviewer id, household key, household id, user pseudo id, anonymous id,
	email, e-mail, customer email, buyer email, reviewer email, email address,
	contact email, billing email, buyer username, buyer, order partner id, partner id,
	sell to customer no, buyer login, username buyer, auftraggeber, kunde, kunden id,
	kundennr, kundennummer, id client, numero client, numero de client, cliente, id cliente, codice cliente, klant, klantnummer, klant id,
	klient`

// Header words that events and interactions share.
const (
	// The words are compared as Word writes them: without case, blanks, accents and signs, so
	// that "Bestell-Nr." is "bestellnr". An earlier word is preferred where two columns would
	// do. A column "Item" or "Product" beside a number of it mostly has the name.
	itemWords = `itemid, product id, sku, lineitem sku, article id, stock code, parent asin, asin, variant id, movie id, book id, isbn,
		iid, content id, artikelnummer, artikelnr, art nr, artikel id, produkt id, produktnummer, reference, ref, id produit, ugs,
		referencia, id producto, codice articolo, productnummer, artikelcode, product code, item code, product sku, item sku,
		product reference, product number, article number, ordered item, sku reference number,
		custom label, custom sku, item number, listing id,
		item, product, article, movie, book, artikel, produkt, produit, producto, prodotto, articolo, lineitem name`
	sessionWords = `session, sessionid, user session, visit id, visit, ga session id, sitzung, besuch`
	orderWords   = `order, orderid, order no, order number, order name, transaction id, transaction, invoice no,
		invoice id, invoice, invoice number, increment id, order increment id, id order, amazon order id, order reference, receipt id,
		receipt, receipt number, document number, sale id, basket id, basket, bestellung, bestellnummer,
		bestellnr, bestell nr, auftrag, auftragsnummer, auftragsnr, verkaufsbeleg, belegnummer, rechnungsnummer, commande, numero
		commande, numero de commande, id commande, pedido, numero de pedido, id pedido, ordine, numero ordine, id
		ordine, bestelling, bestelnummer, zamowienie,
		reference`
	timeWords = `timestamp, time, event time, event date, datetime, date, occurred, occurred at, created at, created date, order date,
		order created at, order time, purchase date, sale date, date created, invoice date, transaction date, transaction dt, t dat, ts,
		event timestamp, server time, server timestamp, collector tstamp, paid at, date add, unix time,
		unixreviewtime, review date, reviewed at, datum, zeit, zeitpunkt, zeitstempel, bestelldatum, kaufdatum, rechnungsdatum, erstellt am,
		uhrzeit, created, date commande, date de commande, date creation, fecha, fecha pedido, fecha de compra, data, data ordine, data
		acquisto, date order, ordered date, order creation date, ordering date, posting date,
		angelegt am, fecha de venta, auftragsdatum, belegdatum, besteldatum, data zamowienia`
	quantityWords = `qty, quantity, units, lineitem quantity, product uom qty, qty ordered, quantity ordered, quantity purchased,
		product quantity, product qty,
		ordered quantity, auftragsmenge, unidades, menge, anzahl, stueck, stuckzahl, quantite, qte,
		cantidad, quantita, aantal, ilosc, quantidade`
	priceWords = `unit price, price unit, unit price amount, unit selling price,
		deal price, item rate, item price, sales price, product price, product unit price, lineitem price,
		preis, einzelpreis, e preis, vk brutto, nettopreis, stueckpreis, verkaufspreis, prix,
		prix unitaire, unit price tax incl, price incl tax, precio, precio unitario, prezzo, prezzo unitario, prijs, stukprijs, cena, preco`
)

// currencyWords are header words of the currency of a price, in a catalogue as in a log.
const currencyWords = `currency code, currency iso, currency iso code, iso currency, price currency, waehrung, wahrung, waehrungscode,
	währungscode, waehrung iso, devise, code devise, moneda, codigo moneda, divisa, valuta, codice valuta, valutacode, waluta, kod waluty,
	moeda, codigo da moeda, valutakod, valuutta`

// eventFields are those of a file of events, a row for each: an order of three lines is three
// rows with the same order_id.
func eventFields() []Field {
	return []Field{
		{Name: "type",
			Words: words(`event type, event, event name, eventtype, action, behavior, behaviour, behavior type, feedback type,
				ereignis, aktion, evenement, evento, actie`),
			Example: "purchase", Doc: "What was done; required. Known words such as view, cart and transaction are understood."},
		{Name: "occurred_at", Shape: Moment, Words: words(timeWords),
			Example: "2026-11-20 12:13:10 +0100", Doc: "When; the time of the import when absent."},
		{Name: "user_id", Words: words(customerWords), Example: "17850", Doc: "Who; user_id or session_id or both."},
		{Name: "session_id", Words: words(sessionWords), Example: "s-901", Doc: "In which visit."},
		{Name: "item_id", Words: words(itemWords + ", skus, item skus, product skus, item ids, product ids, artikelnummern"),
			Example: "TEE-M", Doc: "Which item or variant, by its id or another number of it."},
		{Name: "order_id", Words: words(orderWords), Example: "#1001", Doc: "Of a purchase or refund: rows of one order are its lines."},
		{Name: "quantity", Shape: Number, Words: words(quantityWords), Example: "2", Doc: "Of the item; 1 when absent."},
		{Name: "price", Shape: Money, Words: words(priceWords), Example: "19,99 EUR", Doc: "Of one unit."},
		{Name: "value", Shape: Money,
			Words: words(`rating, stars, score, review score, review rating,
				bewertung, note, valoracion, valutazione, overall, revenue, event value`),
			Example: "4", Doc: "The rating of a rate or review event, or the worth of an order."},
		{Name: "text", Words: words(`review text, review body, review content, review,
				rezension, rezensionstext, bewertungstext, avis, texte avis, resena,
			recensione`),
			Example: "Fits well, warm", Doc: "Of a review: what the buyer writes."},
		{Name: "currency", Words: words(currencyWords + `, order currency, order currency code,
				transactional curr code, unit price currency, wahrg, transaction currency, bestellwaehrung,
				bestellwährung, auftragswährung, devise commande, devise de la commande, moneda pedido, moneda del pedido, divisa pedido,
				valuta ordine, valuta dell'ordine, bestelvaluta, waluta zamowienia, moeda do pedido`),
			Example: "EUR", Doc: "ISO 4217."},
		{Name: "recommendation_id", Example: "AQGiBFCb6BKj", Doc: "The answer that showed the item."},
		{Name: "position", Shape: Number, Example: "3", Doc: "Place of the item in that answer, from 1."},
		{Name: "page", Words: words("url, page url, page location, seite"), Example: "https://shop.example/tee", Doc: "Where it was done."},
		{Name: "event_id", Words: words("eventid, message id"),
			Example: "m-1", Doc: "A repeat is not counted again; made from the row when absent."},
		{Name: "consent.personalization", Shape: Boolean, Example: "yes", Doc: "no: nothing is read or written for personalisation."},
		{Name: "consent.analytics", Shape: Boolean, Example: "yes", Doc: "no: not counted in figures."},
		{Name: "items", Shape: Document,
			Example: `[{"item_id":"TEE-M","quantity":2}]`,
			Doc:     "Lines as JSON, or as ids with their pieces such as TEE-M x2, CAP, instead of item_id, quantity and price."},
		{Name: "consent", Shape: Document, Example: `{"analytics":false}`, Doc: "Both as JSON."},
		{Name: "properties", Shape: Document, Example: `{"campaign":"spring"}`, Doc: "Properties as JSON."},
		{Name: "properties.*", Example: "spring", Doc: "Any other column."},
	}
}

// researchItems are header words of items in public data sets, which in an export of a shop may be something else.
const researchItems = `artist id, track id, song id, album id, business id, gmap id, venue id, location id, poi id, game id, app id,
	anime id, recipe id, show id, video id, news id, restaurant id, hotel id, joke id`

// interactionFields are those of a table for evaluate: user and item, or basket and item.
func interactionFields() []Field {
	return []Field{
		{Name: "user_id", Words: words(customerWords), Example: "A0", Doc: "Who. Without a session_id visits end with a pause."},
		{Name: "item_id", Words: append(words(itemWords), words(researchItems)...), Example: "17", Doc: "What."},
		{Name: "order_id", Words: words(orderWords), Example: "536365", Doc: "Of baskets: the order."},
		{Name: "session_id", Words: words(sessionWords), Example: "s-901", Doc: "In which visit; of baskets in the place of an order."},
		{Name: "rating", Shape: Number, Words: words("score, stars, overall"), Example: "4.5", Doc: "High ones count as hits."},
		{Name: "weight", Shape: Number, Words: words("value, count"), Example: "3", Doc: "How much the row counts."},
		{Name: "quantity", Shape: Number, Words: append(words(quantityWords), "amount"),
			Example: "2", Doc: "Of baskets: rows without a positive one are left out."},
		{
			Name: "occurred_at", Shape: Moment, Words: words(timeWords), Example: "2023-11-14",
			Doc: "When; the test part is random without it.",
		},
	}
}
