module github.com/aisle-rec/aisle/docs

go 1.26.0

require github.com/yuin/goldmark v1.8.7

require maragu.dev/gomponents v1.2.0
