package sqldb

// Statements are the texts that were compiled so far, on SQLite.
func (db *DB) Statements() []string {
	var texts []string
	for text := range db.writer.compiled {
		texts = append(texts, text)
	}
	db.readers.mu.Lock()
	defer db.readers.mu.Unlock()
	for text := range db.readers.byText {
		texts = append(texts, text)
	}
	return texts
}
