module github.com/aisle-rec/aisle/shared

go 1.26
