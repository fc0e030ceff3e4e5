// Package tally keeps count of the registry's people and of how many of them have activated their space, by class, school and
// division, by kind and stage, and by day: exact at any moment (F-30).
//
// Whoever changes the registry or a binding says so here, in the transaction of the change: [Leave] before an entry changes its
// place, [Enter] after it, [Activate] when it is bound or unbound. That appends a row, so that no two people wait for each
// other's count. Whoever is in a class that has graduated counts nowhere. [Fold] adds such rows to the totals; reading adds those that are still to be folded.
package tally
