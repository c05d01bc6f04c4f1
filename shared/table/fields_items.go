package table

// itemFields are those of a catalogue, as shops, feeds and marketplaces name them.
func itemFields() []Field {
	return []Field{
		{Name: "item_id",
			Words: words(`id, product id, article id, item, variant id, external id, sku, artikelnummer, artikelnr,
				artikel nr, artikel id, produkt id, produktnummer, ugs, reference, ref, id produit, referencia, id
				producto, cod, codice, codice articolo, id prodotto, codigo, artikelcode, product code, item code,
				productnummer, handle, asin, stock code`),
			Example: "TEE-M", Doc: "Its id; required."},
		{Name: "title",
			Words: words(`name, product name, product title, item name, titel, bezeichnung, artikelbezeichnung,
				produktname, artikelname, nom, titre, nom du produit, designation, libelle, nombre, titulo, nome,
				titolo, naam, productnaam, nazwa, namn, navn, nimi`),
			Example: "Plain Tee", Doc: "What it is called."},
		{Name: "description",
			Words: words(`body, body html, long description, beschreibung, langbeschreibung, artikelbeschreibung, descripcion, descrizione,
			beschrijving, opis, descricao, beskrivning, beskrivelse`),
			Example: "<p>Cotton</p>", Doc: "Text or HTML."},
		{Name: "category_path", Shape: Paths,
			Words: words(`categories, category, product type, product category, category name, category path,
				categorytext, kategorie, kategorien, warengruppe, produktkategorie, categorie, categories, categoria,
				categorias, categorieen, kategoria, kategorie, kategori, rayon`), Example: "Clothing > Tops",
			Doc: "From the broadest to the narrowest, or several: the narrowest counts. category is the same."},
		{Name: "brand",
			Words: words(`vendor, manufacturer, brands, marke, marken, hersteller, marque, fabricant, marca,
				fabricante, produttore, merk, fabrikant, marka, producent, product brand`), Example: "Ora", Doc: "Brand or maker."},
		{Name: "price", Shape: Money,
			Words: words(`price tax incl, price tax included, price incl tax, regular price, variant price, price with tax, unit
				price, sell price, selling price, base price, gross price, preis, regularer preis, verkaufspreis,
				bruttopreis, vk preis, prix, tarif regulier, prix de vente, prix ttc, precio, precio normal, precio
				regular, pvp, prezzo, prezzo di listino, prijs, reguliere prijs, cena, cena regularna, preco, preco
				normal, pris, price tax excluded`), Example: "19,99 EUR", Doc: "Now, or before the reduction when there is a sale_price."},
		{Name: "sale_price", Shape: Money,
			Words: words(`special price, discount price, discounted price, offer price, angebotspreis, aktionspreis,
				sonderpreis, tarif promo, prix promo, prix promotionnel, precio rebajado, precio oferta, precio de
				oferta, prezzo in offerta, prezzo scontato, actieprijs, aanbiedingsprijs, cena promocyjna, preco
				promocional`), Example: "14,95 EUR", Doc: "Reduced price."},
		{Name: "cost", Shape: Money,
			Words: words(`cost per item, cost of goods sold, wholesale price, purchase price, cost price,
				einkaufspreis, ek preis, prix d'achat, coste, costo, inkoopprijs`), Example: "7.10", Doc: "Purchase cost; never shown."},
		{Name: "currency", Words: words(`currency code, waehrung, wahrung, devise, moneda, divisa, valuta, waluta, moeda`),
			Example: "EUR", Doc: "ISO 4217; also read from beside the price."},
		{Name: "stock.status",
			Words: words(`availability, stock status, in stock, instock, is in stock, available, verfugbarkeit,
				verfuegbarkeit, vorratig, lieferbar, disponibilite, en stock, disponibilidad, existencias, en
				inventario, disponibilita, disponibile, beschikbaarheid, op voorraad, dostepnosc, na stanie, em
				estoque, em stock, disponivel`),
			Example: "in_stock", Doc: "in_stock, out_of_stock, preorder, backorder and their usual spellings."},
		{Name: "stock.quantity", Shape: Number,
			Words: words(`stock quantity, quantity, qty, inventory, stock, inventory quantity, variant inventory qty,
				stock level, on hand, lager, lagerbestand, bestand, menge, anzahl, quantite, inventario, cantidad,
				stock disponible, magazzino, giacenza, quantita, voorraad, aantal, stan magazynowy, magazyn, ilosc,
				estoque, quantidade, lagersaldo`),
			Example: "5", Doc: "Pieces; 0 is out of stock when no status says otherwise."},
		{Name: "status", Words: words("item status, product status, statut, estado, stato"),
			Example: "active", Doc: "active, hidden or archived."},
		{Name: "tags", Shape: Words,
			Words: words(`keywords, labels, schlagworter, schlagwoerter, stichworte, etiquettes, mots cles, etiquetas,
				tag, parole chiave, trefwoorden, tagi, product tags`), Example: "blue, summer", Doc: "Free words."},
		{Name: "image_url", Shape: URLs,
			Words: words(`image link, image, images, image src, image urls, picture, img, photo, thumbnail, imgurl,
				bild, bilder, bild url, bildlink, image produit, imagen, imagenes, immagine, immagini, afbeelding,
				afbeeldingen, obrazek, obrazki, imagens, imagem, bilde`),
			Example: "https://img.example/1.jpg", Doc: "Of several the first."},
		{Name: "url", Shape: URLs,
			Words:   words(`link, product url, product link, permalink, deeplink, page url, seite, lien, enlace, collegamento`),
			Example: "https://shop.example/tee", Doc: "Its page."},
		{Name: "language", Words: words(`content language, lang, sprache, langue, idioma, lingua, taal`), Example: "en", Doc: "BCP 47."},
		{Name: "countries", Shape: Words, Words: words("country, target country, laender, lander, pays, paises"),
			Example: "DE|AT", Doc: "Where it is sold; everywhere when absent."},
		{Name: "gtin",
			Words: words(`ean, ean13, upc, barcode, variant barcode, isbn, gtin upc ean or isbn, gtin upc ean oder isbn, gtin ean, ean code,
			strichcode, code barres, codigo de barras, codice a barre`), Example: "4006381333931", Doc: "Also finds the item."},
		{Name: "parent_id",
			Words: words(`item group id, group id, parent, parent sku, parent product, product group id, itemgroup id,
				ubergeordnet, ubergeordnetes produkt, uebergeordnet, superior, padre, genitore, bovenliggend,
				hoofdproduct, nadrzedny, ascendente, principal`),
			Example: "TEE", Doc: "Of a variant: its product, which need not be in the file."},
		{
			Name: "aliases", Shape: Words, Words: words("alias, further ids"), Example: "4711|tee-m",
			Doc: "Further ids by which it is found.",
		},
		{Name: "published_at", Shape: Moment,
			Words: words(`publish date, release date, veroffentlichungsdatum, erscheinungsdatum,
				date de publication, date created, available from`), Example: "2026-01-31", Doc: "Shown from then on."},
		{Name: "expires_at", Shape: Moment, Words: words("expiration date, expiry date, available until, ablaufdatum"),
			Example: "2026-12-31", Doc: "Shown until then."},
		{Name: "stock", Shape: Document, Example: `{"status":"in_stock","quantity":5}`, Doc: "Both as JSON."},
		{Name: "prices", Shape: Document, Example: `[{"currency":"GBP","price":18}]`, Doc: "Prices of other markets, as JSON."},
		{Name: "vectors", Shape: Document, Example: `{"picture":[0.1,0.9]}`, Doc: "Vectors of your own models by space, as JSON."},
		{Name: "translations", Shape: Document, Example: `{"de":{"title":"Hemd"}}`,
			Doc: "Titles and descriptions in further languages, as JSON."},
		{Name: "translations.*", Example: "Hemd",
			Doc: "One of them: `translations.de.title`. Columns such as title_de, Titel (de) or description:pt-BR are known as such."},
		{Name: "attributes", Shape: Document, Example: `{"colour":"red"}`, Doc: "Attributes as JSON."},
		{Name: "attributes.*", Example: "red", Doc: "Any other column."},
	}
}

// itemParts are columns that have no field of their own: several of them say together what one
// field holds, as a sale price with its dates. They take no column from a field that has the
// same word.
func itemParts() []Field {
	return []Field{
		{Name: "sku", Part: "aliases",
			Words: words(
				`variant sku, artikelnummer, ugs, mpn sku, reference, handle, url key, slug, seller sku, supplier reference, ref`,
			),
			Example: "TEE-M", Doc: "Beside another id: finds the item too."},
		{Name: "short_description", Part: "description",
			Words: words(`summary, kurzbeschreibung, description courte, descripcion corta, breve descrizione, korte
				beschrijving, krotki opis, descricao curta, teaser, excerpt`),
			Example: "Cotton", Doc: "The description when there is no longer one."},
		{Name: "google_product_category", Part: "category_path", Shape: Path, Words: words("google category"),
			Example: "Apparel > Shirts", Doc: "The category when there is no other; a number is none."},
		{Name: "visibility", Part: "status",
			Words: words(`visibility in catalog, catalog visibility, sichtbarkeit, sichtbarkeit im katalog,
				visibilite, visibilite dans le catalogue, visibilidad, visibilidad en el catalogo, visibilita,
				visibilita nel catalogo, zichtbaarheid, zichtbaarheid in catalogus, widocznosc w katalogu,
				visibilidade no catalogo`),
			Example: "hidden", Doc: "none, hidden and search are not recommended."},
		{Name: "published", Part: "status", Shape: Boolean,
			Words: words(`active, enabled, is active, is published, online, veroffentlicht, aktiv, publie, actif,
				publicado, activo, pubblicato, attivo, gepubliceerd, actief, opublikowany, opublikowano, aktywny,
				ativo`),
			Example: "1", Doc: "0 is hidden."},
		{Name: "sale_price_effective_date", Part: "sale_price",
			Example: "2026-11-01T00:00+0100/2026-11-30T23:59+0100", Doc: "When the sale_price counts."},
		{Name: "sale_starts", Part: "sale_price", Shape: Moment,
			Words: words(`date sale price starts, sale price dates from, datum an dem angebotspreis beginnt, date de
				debut de promo, dia en que empieza el precio rebajado, sale from, special from date`),
			Example: "2026-11-01", Doc: "From then."},
		{Name: "sale_ends", Part: "sale_price", Shape: Moment,
			Words: words(`date sale price ends, sale price dates to, datum an dem angebotspreis endet, date de fin de
				promo, dia en que termina el precio rebajado, sale to, sale until, special to date`),
			Example: "2026-11-30", Doc: "Until then."},
		{Name: "backorders", Part: "stock.status",
			Words:   words(`backorders allowed, lieferruckstande erlaubt, autoriser les commandes de produits en rupture`),
			Example: "notify", Doc: "What is out of stock can be ordered all the same."},
	}
}
