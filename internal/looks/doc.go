// Package looks shows administrators the full numbers of an entry: at once to those of the person's own school, to everybody
// else once a second person has allowed it.
//
// It owns the table looks, and promises:
//
//   - A look has a reason, and is recorded with it in the transaction that shows the numbers; one that was allowed names who
//     allowed it, too.
//   - Whoever allows a look could take it themselves, and is not who asked.
//   - An allowed look is taken once, within [AllowedFor]; one that nobody decides ends after [WaitsFor].
package looks
