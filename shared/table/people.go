package table

import (
	"regexp"
	"strings"
	"sync"
)

// personal matches the columns, as Letters writes them, that say who a person is and where: names, addresses, phones, e-mails and days of
// birth. Some words are about people by themselves; others, such as a name or a town, beside a word for somebody.
var personal = sync.OnceValue(func() *regexp.Regexp {
	alternatives := func(list string) string { return "(?:" + strings.Join(words(list), "|") + ")" }
	who := alternatives(`customer, customers, cust, client, clients, buyer, purchaser, recipient, receiver, contact, reviewer, cardholder,
		payer, guest, billing, bill to, bill, invoice, shipping, ship to, ship, delivery, kunde, kunden, kaeufer, käufer, empfaenger,
		empfänger, besteller, rechnung, rechnungs, liefer, lieferung, versand, acheteur, destinataire, facturation, livraison, cliente,
		comprador, destinatario, facturacion, envio, acquirente, fatturazione, spedizione, klant, koper, ontvanger, factuur, bezorg,
		verzend, klient, klienta, odbiorcy, wysylki, dostawy, cobranca, entrega, user`)
	alone := alternatives(`first name, last name, full name, surname, family name, given name, middle name, phone, phone number,
		phone no, telephone, telephone number, mobile phone, mobile number, mobile no, cell phone, fax, birthday, birth date, date of birth,
		dob, address, street, street address, street name, address line, house number, zip, zip code, postcode, postal code, email,
		email address, ip address, vorname, nachname, familienname, telefon, telefonnummer, telefonnr, handynummer, mobilnummer,
		geburtstag, geburtsdatum, adresse, adresszusatz, anschrift, strasse, hausnummer, plz, postleitzahl, prenom, nom de famille,
		date de naissance, rue, code postal, courriel, apellido, apellidos, nombre y apellidos, telefono, movil, fecha de nacimiento,
		direccion, calle, codigo postal, correo, correo electronico, cognome, nome e cognome, cellulare, data di nascita, indirizzo,
		codice postale, voornaam, achternaam, telefoon, telefoonnummer, geboortedatum, adres, straat, straatnaam, huisnummer, imie,
		nazwisko, imie i nazwisko, numer telefonu, data urodzenia, ulica, kod pocztowy, sobrenome, apelido, telefone, celular, telemovel,
		data de nascimento, endereco, morada, cep, fornamn, efternamn, fornavn, etternavn, efternavn, fodelsedatum, fodselsdato, adress,
		gatuadress, postnummer, etunimi, sukunimi, puhelin, syntymaaika, osoite, postinumero`)
	beside := alternatives(`name, names, city, town, mobile, company, ort, stadt, firma, nom, ville, societe, portable, nombre, ciudad,
		poblacion, empresa, nome, citta, azienda, naam, plaats, stad, bedrijf, nazwa, miasto, cidade, namn, navn, nimi`)
	link := alternatives("address, adresse, de, de la, du, del, della, di, da, do, des, der, van, of, to")
	somebody := "(?:" + who + link + "?)"
	behind := "(?:" + link + "?" + who + ")"
	const number = `(?:line)?\d{0,2}`
	return regexp.MustCompile("^(?:" + strings.Join([]string{
		somebody + "*" + alone + number + behind + "*", somebody + "+" + beside + number, beside + number + behind + "+",
		alternatives("customer, buyer, kunde, acheteur, cliente, comprador, acquirente, klant, koper, klient"),
	}, "|") + ")$")
})

// aboutPeople reports whether a column of events that no field takes says who a person is. The name of a user is what he calls himself in
// the shop, such as that of a bidder, and may be all that names him.
func aboutPeople(column string) bool {
	word := Letters(column)
	return personal().MatchString(word) && !strings.HasSuffix(word, "username")
}
