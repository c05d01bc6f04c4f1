module github.com/aisle-rec/aisle/console

go 1.26.0
