package text

// spokenTitle is the title of a document in one of its languages.
type spokenTitle struct {
	language code
	words    []int32 // terms, sorted by name
}

// translate notes the titles of a live document, whose words are terms of the index. The caller holds the lock.
func (ix *Index) translate(number int32, titles []title) {
	if len(titles) == 0 {
		return
	}
	list := make([]spokenTitle, len(titles))
	for n, t := range titles {
		list[n] = spokenTitle{codeOf(t.language), make([]int32, len(t.words))}
		for w, word := range t.words {
			list[n].words[w] = ix.termNumber(word)
		}
		if n > 0 {
			ix.spoken[list[n].language]++
		}
	}
	ix.translated[number] = list
	ix.parallel += ix.documents[number].sum
}

// untranslate forgets the titles of a document. The caller holds the lock.
func (ix *Index) untranslate(number int32) {
	list, ok := ix.translated[number]
	if !ok {
		return
	}
	for _, t := range list[1:] {
		ix.spoken[t.language]--
	}
	ix.parallel -= ix.documents[number].sum
	delete(ix.translated, number)
}

// namedTitles gives the titles of a document back as words.
func namedTitles(list []spokenTitle, names []string) []title {
	titles := make([]title, len(list))
	for n, t := range list {
		titles[n] = title{t.language.String(), make([]string, len(t.words))}
		for w, at := range t.words {
			titles[n].words[w] = names[at]
		}
	}
	return titles
}
