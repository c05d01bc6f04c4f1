// Package robots finds visitors that are programs: scrapers, price watchers, monitors, and agents that say so. It
// does its work in two steps.
//
// Suspects are found where events are received, at .2 µs an event: whoever sends many events of an hour, whose browser
// names itself a program, or who is one of many new visitors from one network. Nothing of this is stored.
//
// Then the Detector judges each suspect by what is stored of him, so that the verdict is the same whichever replicas received the events,
// and anybody can count it again: busiestHour takes the figures of a visitor's busiest hour, behaviour says which of them no person
// reaches. A verdict holds its reasons with the figures; a person can say otherwise, and then no detector does.
package robots
