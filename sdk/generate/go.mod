module github.com/aisle-rec/aisle/sdk/generate

go 1.26
