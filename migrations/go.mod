module github.com/aisle-rec/aisle/migrations

go 1.26
