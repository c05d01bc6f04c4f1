module github.com/aisle-rec/aisle/console

go 1.26.0

require maragu.dev/gomponents v1.2.0
