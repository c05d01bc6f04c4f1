module github.com/aisle-rec/aisle/profile-service

go 1.26
