package tokens

import "strings"

// StopLanguages lists the languages that have stop words.
func StopLanguages() []string {
	return []string{"da", "de", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pl", "pt", "ro", "ru", "sv", "tr"}
}

// StopWords lists the stop words of a language.
func StopWords(language string) []string { return strings.Fields(stopWords(language)) }

// stopWords lists the commonest function words of a language, parted by spaces, which say nothing about an item. The lists are short on
// purpose: inverse document frequency deals with the rest.
func stopWords(language string) string {
	switch language {
	case "da":
		return "af alle at de den der det dig din du eller en er et for fra har i ikke jeg kan med men min og om på seg sig som til var vi"
	case "de":
		return "aber als am an auch auf aus bei bis da das dass dein dem den der des die dies diese dieser dieses " +
			"du durch ein eine einem einen einer eines er es für hat ich ihr ihre im in ist mit nach nicht noch " +
			"nur oder sein sich sie sind so über um und uns unser unter von vor war was wenn wie wir wird zu zum " +
			"zur"
	case "en":
		return "a about all also an and any are as at be been but by can do for from has have if in into is it its " +
			"more no not of on or other our out so some such than that the their them then there these they this " +
			"those to up was we were what when which who will with you your"
	case "es":
		return "al como con cual de del desde donde el ella en entre era es esta este esto la las le lo los más " +
			"muy no o para pero por que se sin sobre su sus también tu un una unas uno unos y ya"
	case "fi":
		return "ei en että hän ja jos joka kuin kun mutta myös ne niin nyt on ovat se sen tai tämä vai voi"
	case "fr":
		return "à au aux avec c ce ces cette d dans de des du elle en est et eux il ils j je l la le les leur " +
			"leurs lui m mais même n ne nos notre nous on ou où par pas plus pour qu que qui s sa sans se ses son " +
			"sont sur t ta te tes ton un une vos votre vous y"
	case "hu":
		return "a az azt csak de egy és ez hogy ha is itt már meg mert mint nem van vagy"
	case "it":
		return "a agli ai al alla alle anche che chi ci come con cui da dal dalla dei del della delle di e è ed " +
			"gli ha i il in io la le lo ma mi ne nei nel nella non o per più quale questa questo se si sono su sul " +
			"sulla suo tra un una uno"
	case "nl":
		return "aan als bij dan dat de deze die dit door een en er haar heb het hij hun ik in is je kan maar me " +
			"met mijn naar niet nog of om onder ook op over te tot u uit van voor was wat we wij ze zijn zo zonder"
	case "no":
		return "av de den det deg du eller en er et for fra har i ikke jeg kan med men og om på seg som til var vi å"
	case "pl":
		return "a aby ale bez być co czy dla do i ich jak jest jego już lub ma na nie o od oraz po pod przez przy się są ta tak " +
			"te to w we z " +
			"za ze że"
	case "pt":
		return "a ao aos as com como da das de do dos e é ela ele em entre era essa esse esta este eu foi há isso " +
			"já mais mas muito na nas não no nos o os ou para pela pelo por qual que se sem seu sua são também te " +
			"um uma você"
	case "ro":
		return "a al ale au ca care ce cel cu că de din este fi în la mai nu o pe pentru prin sau se si și sunt un una"
	case "ru":
		return "а без бы был в вам вас во все вы где да для до его ее если есть еще " +
			"же за и из или им их к как ко который мы на не нет но о об он " +
			"она они от по под при с со так там то только ты у уже что чтобы это я"
	case "sv":
		return "att av de den det du där eller en ett från för han har i inte jag kan man med men min och om på sig " +
			"som till ut var vi är"
	case "tr":
		return "ama bir bu da daha de değil en gibi göre her ile için ise kadar ki mi ne o olan olarak ve veya ya"
	}
	return ""
}
