package table

import (
	"strings"
	"testing"
)

func TestColumnsOfEventsAboutPeople(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		columns string
		want    bool
	}{
		{"First Name (Billing);Last Name;billing_address_1;Shipping Address Line 2;Shipping City;Ship Name;Ship To Address 1;" +
			"buyer-phone-number;recipient-name;Customer Name;Customer Email;Date of Birth;Birthday;Zip;Billing Address Phone;" +
			"Delivery address;reviewerName;Billing Company;Customer IP Address;bill-postal-code;Address 1&2 (Billing);Email", true},
		{"Vorname;Nachname;Rechnungsadresse;Lieferadresse PLZ;Lieferung Ort;Straße;Telefon;Geburtsdatum;Kundenname;Käufer Name;" +
			"Kunde;Name des Kunden", true},
		{"Prénom;Nom du client;Adresse de livraison;Ville de facturation;Code postal;Téléphone;Date de naissance", true},
		{"Nombre del cliente;Apellidos;Dirección de envío;Teléfono;Código postal;Nome cliente;Cognome;Indirizzo di spedizione", true},
		{"Voornaam;Naam klant;Klantnaam;Geboortedatum;Bezorgadres;Postcode;Imię i nazwisko;Nazwa klienta;Kod pocztowy;Telefone", true},
		{"Name;Product name;Item Title;Lineitem name;Description;Brand;Artikelname;Bezeichnung;Nom du produit;Nombre;Nome;Naam;" +
			"Buyer Username;User Name;Shipping;Shipping Method;Ship Date;Delivery date;Billing Country;City;Country;" +
			"Customer type;Customer Group;Lieferstatus;mobile;portable;invoice number;Versandkosten;Page address title", false},
	} {
		for column := range strings.SplitSeq(c.columns, ";") {
			if got := aboutPeople(column); got != c.want {
				t.Errorf("%s: about people %t, want %t", column, got, c.want)
			}
		}
	}
	if got, want := fieldsOf(t, Events, "order_id;sku;Customer Name;customer_id;Customer Email;phone", PlanOptions{
		Mapping: map[string]string{"phone": "properties.phone"},
	}), "order_id=order_id;sku=item_id;Customer Name!;customer_id=user_id;Customer Email!;phone=properties.phone"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	const users = "user_id=user_id;first name=attributes.first name"
	if got, want := fieldsOf(t, Users, "user_id;first name", PlanOptions{}), users; got != want {
		t.Errorf("of users: got %s, want %s", got, want)
	}
}
