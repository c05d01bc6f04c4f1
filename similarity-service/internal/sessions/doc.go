// Package sessions predicts the next item of a running session (relation viewed_next).
//
// Two models vote and their votes are blended:
//
//   - the order model: an item–item matrix whose weight a→b grows with how often, how soon and how lately b was clicked
//     after a, with one step of smoothing through common successors;
//   - session kNN over an inverted index of past sessions, the family of VMIS-kNN (Kersbergen, Sprangers, Schelter:
//     Serenade, SIGMOD 2022), STAN (Garg et al., SIGIR 2019) and VSTAN (Ludewig et al., UMUAI 2021): the running
//     session's latest clicks find the newest sessions that share them, and those sessions vote for their items, the
//     more the closer an item lies to the matched click.
//
// Every score is a sum of contributions, one per seed (a distinct item of the running session); Explain returns them and
// their sum in order is bit for bit the score of Recommend. Search chooses all parameters on the newest part of the
// training sessions. The package reads no clock, writes no log and does no input or output besides the snapshot codec.
package sessions
