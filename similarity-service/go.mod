module github.com/aisle-rec/aisle/similarity-service

go 1.26
