module github.com/aisle-rec/aisle/sdk/go

go 1.26
