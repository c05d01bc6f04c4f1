module github.com/aisle-rec/aisle/sdk/tracker

go 1.26.0
