module github.com/aisle-rec/aisle/recommender-service

go 1.26
